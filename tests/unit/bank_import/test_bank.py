"""What an import does to the bank's folder when something goes wrong after the table was found good."""

from pathlib import Path

import pytest

from bank_import import bank as writing
from bank_import import pages
from tests.unit.bank_import.tables import ANOTHER, ROW, as_csv, files, put, run

SECOND = "execution/0009-should-a-florist-deliver-on-sundays.md"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return as_csv(tmp_path / "q.csv", [ROW, ANOTHER])


def test_when_writing_fails_it_is_said_what_was_written_and_how_to_undo_it(
    bank: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bank / "execution").symlink_to("nowhere")  # so that no folder can be made there

    assert run(bank, table) == 1

    first = bank / "strategy" / "0008-should-a-bakery-open-at-night.md"
    assert first.exists()
    assert capsys.readouterr().err.splitlines() == [
        f"Stopped at {bank / SECOND}: [Errno 17] File exists: '{bank}/execution'",
        "",
        "Written until then:",
        str(first),
        "",
        f"`git status` shows what is new, `git clean -i {bank}` deletes what you choose of it.",
    ]


def test_a_file_that_is_there_is_not_written_over(bank: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse = writing.rehearse

    def and_somebody_writes(pages: dict[Path, str]) -> object:
        put(bank, SECOND, "Another question altogether?")
        return rehearse(pages)

    monkeypatch.setattr(writing, "rehearse", and_somebody_writes)

    assert run(bank, table) == 1

    assert "Another question altogether?" in files(bank)[SECOND]


def test_what_the_bank_would_read_otherwise_is_refused(
    bank: Path, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, before = pages.page, files(bank)
    monkeypatch.setattr(pages, "page", lambda question: page(question).replace("awake", "asleep"))

    assert run(bank, table) == 1

    assert files(bank) == before
    assert capsys.readouterr().err.startswith(f"{table}:2: would not be read back as it is written here\n")
