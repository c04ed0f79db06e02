"""When a build is of the same inputs."""

from pathlib import Path

import pytest

from local.build import digest_of


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "functions" / "web").mkdir(parents=True)
    (tmp_path / "functions" / "web" / "app.py").write_text("one")
    return tmp_path / "functions"


def test_the_digest_stays_while_nothing_changes(sources: Path) -> None:
    assert digest_of(sources) == digest_of(sources)


def test_the_digest_changes_with_content_name_and_note(sources: Path) -> None:
    before = digest_of(sources)

    (sources / "web" / "app.py").write_text("two")
    changed = digest_of(sources)
    (sources / "web" / "app.py").rename(sources / "web" / "main.py")
    renamed = digest_of(sources)

    assert len({before, changed, renamed, digest_of(sources, note="arm64")}) == 4


def test_what_tools_leave_behind_does_not_count(sources: Path) -> None:
    before = digest_of(sources)

    (sources / "web" / "__pycache__").mkdir()
    (sources / "web" / "__pycache__" / "app.pyc").write_text("bytecode")
    (sources / "web" / ".DS_Store").write_text("")

    assert digest_of(sources) == before
