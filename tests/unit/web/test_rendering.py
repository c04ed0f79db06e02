"""Templates: each compiles as `make build` does it, and what is compiled is what a function renders."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader, ModuleLoader

from coach.web import rendering
from local import build
from tests.conftest import ROOT

TEMPLATES = sorted(path.name for path in (rendering.HERE / "templates").iterdir())
SHOWN = {
    "visitor": None,
    "problem": None,
    "theme": None,
    "zone": "",
    "at": "/",
    "root": "",
    "code": 404,
    "detail": "No",
}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer of a build, with the templates compiled in it."""
    layer = tmp_path_factory.mktemp("build") / "CoachLayer" / "python"
    shutil.copytree(
        ROOT / "layers" / "coach" / "coach", layer / "coach", ignore=shutil.ignore_patterns("bank", "compiled")
    )
    build._compile_templates(Path(sys.executable), layer, layer)
    return layer


@pytest.fixture
def compiled(layer: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A function of the build, which has compiled templates."""
    monkeypatch.setattr(rendering, "COMPILED", layer / "coach" / "web" / "compiled")
    rendering.environment.cache_clear()
    yield
    rendering.environment.cache_clear()


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_in_the_build(name: str) -> None:
    assert isinstance(rendering.environment().loader, ModuleLoader)
    assert rendering.environment().get_template(name).name == name


def test_what_is_compiled_renders_as_what_is_written(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendering.environment.cache_clear()
    assert isinstance(rendering.environment().loader, FileSystemLoader)
    written = rendering.environment().get_template("error.html").render(SHOWN)

    monkeypatch.setattr(rendering, "COMPILED", layer / "coach" / "web" / "compiled")
    rendering.environment.cache_clear()
    built = rendering.environment().get_template("error.html").render(SHOWN)
    rendering.environment.cache_clear()

    assert built == written
    assert "That is not here" in built
