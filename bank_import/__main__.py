"""`make import`: add the questions of a table to the bank.

Nothing is written unless every row is good. Exits with 0 when the questions are in the bank (or would be, for a dry
run), 1 when something has to be corrected first or a file cannot be written, 2 when it was not told what to do, 130
when it was interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bank_import import Refused, bank, cells, pages, rows
from coach import questions
from coach.model import Question
from local.process import stop_when_told

DONE, STOPPED, NOT_BEGUN, INTERRUPTED = 0, 1, 2, 130
HOW = f"""\
make import FILE=questions.xlsx    adds the questions of a table to the bank; .csv does as well
make import FILE=... SHEET=Ideas   another sheet of the workbook than the first
make import FILE=... DRY_RUN=1     shows what would be written

One question a row, below a header that names these columns, in any order:

{rows.layout()}"""


def main(
    arguments: Sequence[str] | None = None,
    *,
    folder: Path = questions.BANK,
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
    try:
        found = _questions(Path(options.file).expanduser(), options.sheet, folder, clock().replace(microsecond=0))
    except Refused as refused:
        print(*map(_short, refused.mistakes), sep="\n", file=sys.stderr)
        if isinstance(refused, rows.WrongHeader):
            print(f"\nThe columns, in any order:\n\n{rows.layout()}", file=sys.stderr)
        count = len(refused.mistakes)
        print(f"\nNothing was written: {count} mistake{'s'[: count > 1]} to correct.", file=sys.stderr)
        return STOPPED
    except OSError as error:
        print(f"{error}\n\nNothing was written.", file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return _write(found, folder, dry=options.dry_run)


def _questions(file: Path, sheet: str | None, folder: Path, now: datetime) -> dict[Path, Question]:
    """The questions of a table by the files that they will be in. Raises Refused or OSError."""
    taken = bank.taken(folder)
    lines = cells.read(file, sheet, known=frozenset(rows.COLUMNS))
    found = rows.numbered(rows.drafts(lines, str(file), taken), taken, now)
    named = {pages.name(question): question for _, question in found}
    read_back = bank.rehearse({path: pages.page(question) for path, question in named.items()})
    changed = [draft.place for draft, question in found if read_back[pages.name(question)] != question]
    if changed:
        raise Refused(*(f"{place}: would not be read back as it is written here" for place in changed))
    return named


def _write(found: Mapping[Path, Question], folder: Path, *, dry: bool) -> int:
    written: list[str] = []
    for name, question in found.items():
        path = folder / name
        try:
            if not dry:
                bank.write(path, pages.page(question))
        except (OSError, KeyboardInterrupt) as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            print(
                f"Stopped at {_short(path)}: {'interrupted' if interrupted else error}\n\nWritten until then:",
                *(written or ["nothing"]),
                f"\n`git status` shows what is new, `git clean -i {_short(folder)}` deletes what you choose of it.",
                sep="\n",
                file=sys.stderr,
            )
            return INTERRUPTED if interrupted else STOPPED
        written.append(_short(path))
        print(f"{_short(path)}  {' '.join(question.question_text.split())[:60]}")
    count = f"{len(written)} question{'s'[: len(written) > 1]}"
    print(f"\n{count} {'would be written' if dry else 'written; an app that runs serves them when it starts anew'}.")
    return DONE


def _short(place: object) -> str:
    """Without the folder that one is in."""
    return str(place).replace(f"{Path.cwd()}/", "")


if __name__ == "__main__":
    stop_when_told()
    sys.exit(main())
