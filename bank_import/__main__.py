"""`make import`: add the questions of a table to the bank.

Nothing is written unless every row is good. Exits with 0 when the questions are in the bank (or would be, for a dry
run), 1 when something has to be corrected first, 2 when it was not told what to do, 130 when it was interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bank_import import Refused, cells, pages, rows
from bank_import.bank import Bank
from coach import questions
from coach.questions import BankError
from local.process import ROOT

DONE, REFUSED, NOT_BEGUN, INTERRUPTED = 0, 1, 2, 130
HOW = f"""\
make import FILE=questions.xlsx    adds the questions of a table to the bank; .csv does as well
make import FILE=... SHEET=Ideas   another sheet of the workbook than the first
make import FILE=... DRY_RUN=1     shows what would be written

One question a row, below a header that names these columns, in any order:

{rows.layout()}"""


def main(
    arguments: Sequence[str] | None = None,
    *,
    bank: Bank | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    parser = argparse.ArgumentParser(prog="make import", usage=HOW)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--sheet")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args(arguments)
    if not options.file:
        print(HOW)
        return NOT_BEGUN
    bank = bank or Bank(questions.BANK, ROOT / ".local" / "import")
    try:
        with bank.held():
            return _import(Path(options.file).expanduser(), options.sheet, bank, clock(), dry=options.dry_run)
    except (Refused, BankError) as error:
        print(*map(_short, error.mistakes), sep="\n", file=sys.stderr)
        if isinstance(error, rows.WrongHeader):
            print(f"\nThe columns, in any order:\n\n{rows.layout()}", file=sys.stderr)
        count = len(error.mistakes)
        print(f"\nNothing was written: {count} mistake{'s'[: count > 1]} to correct.", file=sys.stderr)
    except OSError as error:
        print(f"{error}\n\n{_left(bank)}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"\nInterrupted. {_left(bank)}", file=sys.stderr)
        return INTERRUPTED
    return REFUSED


def _import(file: Path, sheet: str | None, bank: Bank, now: datetime, *, dry: bool) -> int:
    if bank.interrupted and dry:
        raise Refused("An import was interrupted while it wrote; the next one without DRY_RUN takes it back.")
    if bank.interrupted:
        for path in bank.take_back():
            print(f"Taken back from an import that was interrupted: {_short(path)}")
    taken = bank.taken()
    lines = cells.read(file, sheet, known=frozenset(rows.COLUMNS))
    found = rows.numbered(rows.drafts(lines, str(file), taken), taken, now.replace(microsecond=0))
    named = {pages.name(question): question for _, question in found}
    texts = {path: pages.page(question) for path, question in named.items()}
    loaded = bank.rehearsed(texts)
    changed = [draft.place for draft, question in found if loaded[question.id] != question]
    if changed:
        raise Refused(*(f"{place}: would not be read back as it is written here" for place in changed))
    if not dry:
        bank.add(texts)
    for path, question in named.items():
        print(f"{_short(bank.folder / path)}  {' '.join(question.question_text.split())[:60]}")
    count = f"{len(named)} question{'s'[: len(named) > 1]}"
    print(f"\n{count} {'would be written' if dry else 'written; an app that runs serves them when it starts anew'}.")
    return DONE


def _left(bank: Bank) -> str:
    if bank.interrupted:
        return "Some files were written: the next `make import` takes them back."
    return "Nothing was written."


def _short(place: object) -> str:
    """Without the project's folder."""
    return str(place).replace(f"{ROOT}/", "")


if __name__ == "__main__":
    sys.exit(main())
