"""What is in the build for this machine: of every library one copy for each function, at the version that is pinned."""

from importlib.metadata import distributions
from pathlib import Path

import pytest

from local import build
from tests.conftest import ROOT
from tests.rie import FUNCTIONS, folder_of

LAYER = "layers/coach"


@pytest.fixture(scope="module")
def built() -> Path:
    return build.ensure().template.parent


def libraries(folder: Path) -> set[tuple[str, str]]:
    return {(library.name.lower().replace("_", "-"), library.version) for library in distributions(path=[str(folder)])}


def pinned(folder: str) -> set[tuple[str, str]]:
    requirements = ROOT / folder / "requirements.txt"
    lines = requirements.read_text().splitlines() if requirements.exists() else []
    pins = (line.partition(";")[0].strip().partition("==") for line in lines)
    return {(name, version) for name, _, version in pins}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_sees_one_copy_of_each_library(built: Path, function: str) -> None:
    seen = [*libraries(built / folder_of(function)), *libraries(built / "CoachLayer" / "python")]

    names = [name for name, _ in seen]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_library_in_the_build_is_pinned(built: Path, function: str) -> None:
    assert libraries(built / folder_of(function)) <= pinned(f"functions/{function}")
    assert libraries(built / "CoachLayer" / "python") <= pinned(LAYER)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_plain_sam_build_packs_twice_is_of_one_version(function: str) -> None:
    shared = {name for name, _ in pinned(LAYER)}

    assert {(name, version) for name, version in pinned(f"functions/{function}") if name in shared} <= pinned(LAYER)
