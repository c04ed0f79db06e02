"""All files or none come into the bank, whatever fails or is killed while they are written."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bank_import import bank as writing
from bank_import.bank import Bank
from coach.questions import validate
from tests.unit.bank_import.tables import ANOTHER, ROW, a_bank, as_csv, files, put, run

STEPS = 7
"""What two questions take: the journal's draft and its name, twice a draft and a name, the journal's end."""


class Killed(BaseException):
    """The process is no more."""


class Stop:
    """Raises an error in the place of the n-th write, rename or deletion."""

    def __init__(self, step: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.error, self.met = step, error, False
        monkeypatch.setattr(writing, "_write", self.instead_of(writing._write))
        for name in ("rename", "unlink"):
            monkeypatch.setattr(Path, name, self.instead_of(getattr(Path, name)))

    def instead_of(self, function: Callable[..., object]) -> Callable[..., object]:
        def step(path: Path, *arguments: object, **named: object) -> object:
            if path.suffix in (".md", ".json", ".draft") and not self.met:
                self.left -= 1
                if self.left == 0:
                    self.met = True
                    if function.__name__ == "_write":
                        path.write_text("half of it")
                    raise self.error
            return function(path, *arguments, **named)

        return step


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return as_csv(tmp_path / "q.csv", [ROW, ANOTHER])


def stopped(bank: Bank, table: Path, step: int, error: BaseException, *, kill: bool) -> bool:
    """Import until the n-th step; whether there was one. A process that is killed takes nothing back."""
    with pytest.MonkeyPatch.context() as patch:
        stop = Stop(step, error, patch)
        if kill:
            patch.setattr(bank, "take_back", lambda: None)
        with contextlib.suppress(Killed):
            run(bank, table)
    return stop.met


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_what_cannot_all_be_written_is_not_written_at_all(
    table: Path, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in range(1, STEPS + 1):
        with a_bank() as bank:
            before = files(bank)

            assert stopped(bank, table, step, error, kill=False)

            assert files(bank) == before
            assert not bank.interrupted
            assert capsys.readouterr().err.endswith("Nothing was written.\n")
            assert run(bank, table) == 0


def test_an_import_that_was_killed_is_taken_back_by_the_next(
    bank: Bank, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bank, table) == 0
    imported = files(bank)
    for step in range(1, STEPS + 1):
        with a_bank() as other:
            assert stopped(other, table, step, Killed(), kill=True)
            assert len(validate(other.folder)) >= 2  # what is half written is not in the bank

            assert run(other, table) == 0

            assert files(other) == imported
            assert not other.interrupted
    assert "Taken back from an import that was interrupted: " in capsys.readouterr().out


def test_there_are_no_more_steps_than_the_tests_above_stop_at(bank: Bank, table: Path) -> None:
    assert not stopped(bank, table, STEPS + 1, Killed(), kill=True)


def test_a_dry_run_leaves_an_interrupted_import_alone(
    bank: Bank, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(bank, table, 5, Killed(), kill=True)
    before = files(bank)

    assert run(bank, table, "--dry-run") == 1

    assert files(bank) == before
    assert "An import was interrupted while it wrote" in capsys.readouterr().err


def test_what_was_edited_after_an_interrupted_import_is_kept(
    bank: Bank, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(bank, table, STEPS, Killed(), kill=True)
    edited = bank.folder / "strategy" / "0008-should-a-bakery-open-at-night.md"
    edited.write_text(edited.read_text().replace("Who is awake?", "Who is asleep?"))
    before = files(bank)

    assert run(bank, table) == 1

    assert files(bank) == before
    said = capsys.readouterr().err
    assert f"{edited}: written by an import that was interrupted, and edited since\n" in said
    assert "journal.json: delete this file to keep what that import wrote" in said


def test_a_file_that_is_there_is_not_written_over(
    bank: Bank, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed = Bank.rehearsed

    def and_somebody_writes(self: Bank, pages: dict[Path, str]) -> object:
        found = rehearsed(self, pages)
        put(self, "execution/0009-should-a-florist-deliver-on-sundays.md", "Another question altogether?")
        return found

    monkeypatch.setattr(Bank, "rehearsed", and_somebody_writes)

    assert run(bank, table) == 1

    assert "Another question altogether?" in files(bank)["execution/0009-should-a-florist-deliver-on-sundays.md"]
    assert not any(name.startswith("strategy") for name in files(bank))
    assert "0009-should-a-florist-deliver-on-sundays.md is there already" in capsys.readouterr().err


def test_what_the_loader_would_read_otherwise_is_refused(
    bank: Bank, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bank_import import pages

    page, before = pages.page, files(bank)
    monkeypatch.setattr(pages, "page", lambda question: page(question).replace("awake", "asleep"))

    assert run(bank, table) == 1

    assert files(bank) == before
    assert capsys.readouterr().err.startswith(f"{table}:2: would not be read back as it is written here\n")


def hold(bank: Bank, held: str) -> None:
    with bank.held():
        Path(held).touch()
        time.sleep(30)


@pytest.fixture
def another_import(bank: Bank, tmp_path: Path) -> Iterator[multiprocessing.process.BaseProcess]:
    """Another process, in the middle of an import."""
    held = tmp_path / "held"
    process = multiprocessing.get_context("fork").Process(target=hold, args=(bank, str(held)))
    process.start()
    while not held.exists():
        time.sleep(0.01)
    yield process
    process.kill()
    process.join()


def test_two_imports_come_one_after_the_other(
    bank: Bank, table: Path, another_import: multiprocessing.process.BaseProcess
) -> None:
    before = files(bank)
    process = multiprocessing.get_context("fork").Process(target=lambda: os._exit(run(bank, table)))
    process.start()

    process.join(0.3)
    waiting, unchanged = process.is_alive(), files(bank) == before
    another_import.kill()
    process.join(30)

    assert waiting
    assert unchanged
    assert process.exitcode == 0
    assert files(bank) != before
