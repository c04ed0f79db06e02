"""`make reevaluate`: evaluate answers again after a rubric or the model has changed.

Counts what there is and what it will cost, asks, and shows how far it is. Until its new evaluation is there an answer
keeps the one that it has, and former ones stay on record. Stop whenever you like: the same command goes on.

Exits with 0 when all is done or nothing was wanted, 1 when something failed, 2 when it could not begin, 130 when it was
interrupted.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from coach.evaluation.claude.prices import dollars
from coach.evaluation.graders import grader
from coach.model import Attempt, Category, Evaluator
from coach.settings import GraderSettings, InvalidSetting
from coach.storage import Storage
from local.errors import LocalError
from local.process import stop_when_told
from operations import stacks
from operations.reevaluation import (
    AT_ONCE,
    TO_DO,
    Grader,
    Progress,
    Reevaluation,
    Standing,
    StillOld,
    Survey,
    category_of,
)
from operations.stacks import Stack, StackError

DONE, FAILED, NOT_BEGUN, INTERRUPTED = 0, 1, 2, 130
REPORT_EVERY_SECONDS = 2.0


def main(
    arguments: Sequence[str] | None = None,
    *,
    find: "Callable[[argparse.Namespace], Stack] | None" = None,
    ask: Callable[[str], str] = input,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _options(arguments)
    try:
        stack = (find or stacks.find)(options)
        kind, model = grader(GraderSettings.read(stack.settings))
        user_id = _user_id(stack.storage, options.user) if options.user else None
    except (StackError, LocalError, InvalidSetting) as error:
        print(f"make reevaluate: {error}", file=sys.stderr)
        return NOT_BEGUN
    now = Grader(kind, model, options.replace_claude)
    reevaluation = Reevaluation(stack.storage, now, at_once=options.at_once, sleep=sleep)

    def attempts() -> Iterator[Attempt]:
        found = stack.storage.attempts.all(user_id)
        return (each for each in found if options.category in (None, category_of(each)))

    try:
        survey = Survey.of(attempts(), now)
        print(_described(survey, now), flush=True)
        to_do = survey.count(*TO_DO)
        if not to_do:
            print("\nThere is nothing to do.")
            return DONE
        if not options.yes and not _agreed(ask):
            print("Nothing was asked for.")
            return DONE
        _follow(reevaluation.run(attempts()), to_do)
    except KeyboardInterrupt:
        print(f"\nStopped. {_rest(reevaluation.progress, arguments)}")
        return INTERRUPTED
    except StillOld as old:
        print(f"\nStopped: {old}. Deploy what is here, or start `make run` again.")
        print(_rest(reevaluation.progress, arguments))
        return FAILED
    print(f"\n{_summary(reevaluation.progress)}")
    return FAILED if reevaluation.progress.failed else DONE


def _user_id(storage: Storage, email: str) -> str:
    credentials = storage.accounts.credentials(email)
    if credentials is None:
        raise StackError(f"nobody is registered as {email}")
    return credentials.user_id


def _agreed(ask: Callable[[str], str]) -> bool:
    try:
        return ask("\nGo on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _follow(steps: Iterator[Progress], to_do: int) -> None:
    """Print how far it is, when that has changed, every other second."""
    said, said_at = "", 0.0
    for progress in steps:
        line = _line(progress, to_do)
        if line != said and time.monotonic() - said_at >= REPORT_EVERY_SECONDS:
            print(line, flush=True)
            said, said_at = line, time.monotonic()


def _line(progress: Progress, to_do: int) -> str:
    done = progress.evaluated + progress.failed + progress.overtaken
    text = f"{done:,} of {to_do:,}: {progress.evaluated:,} evaluated, {progress.failed:,} failed"
    text += f"; {progress.under_way:,} under way"
    if progress.spend_limit_until:
        until = datetime.fromtimestamp(progress.spend_limit_until, UTC)
        text += f"; the spend limit is reached, the next try is at {until:%H:%M} UTC"
    return text


def _described(survey: Survey, now: Grader) -> str:
    rows = [(*key, f"{number:,}") for key, number in sorted(survey.rows.items())]
    headings = ("category", "graded by", "rubric", "what about it", "attempts")
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (headings, *rows)]
    return "\n".join(
        [
            f"{now.kind} grades now, with {now.model}.\n",
            *(line.rstrip() for line in table),
            "",
            *(f"{number:,} {standing}" for standing in Standing if (number := survey.count(standing))),
            f"Estimated cost: {'nothing' if now.kind is Evaluator.OFFLINE else dollars(survey.cost)}",
        ]
    )


def _rest(progress: Progress, arguments: Sequence[str]) -> str:
    done = f"{progress.evaluated:,} were evaluated, {progress.under_way:,} are under way and will be all the same."
    return f'{done} To go on:\n  make reevaluate ARGS="{shlex.join(arguments)}"'


def _summary(progress: Progress) -> str:
    lines = [
        f"{progress.evaluated + progress.failed:,} done: {progress.evaluated:,} evaluated, {progress.failed:,} failed."
    ]
    if progress.compared:
        mean = progress.change / progress.compared / 10
        lines.append(
            f"Scores: {progress.up:,} up, {progress.down:,} down, {progress.same:,} the same; {mean:+.2f} on average."
        )
    if progress.first:
        lines.append(f"{progress.first:,} that had failed before have a score now.")
    if progress.overtaken:
        lines.append(f"{progress.overtaken:,} had changed or were gone when their turn came.")
    lines += [f"{number:,} failed: {reason}" for reason, number in progress.failures.most_common()]
    lines.append(f"Cost: {dollars(progress.cost)}")
    return "\n".join(lines)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make reevaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    whose = parser.add_argument_group("which answers")
    whose.add_argument("--user", metavar="EMAIL", help="of one user")
    whose.add_argument("--category", type=_category, metavar="NAME", help="to questions of one category")
    whose.add_argument("--all", action="store_true", help="of everybody")
    stacks.add_options(parser)
    parser.add_argument(
        "--at-once", type=_number, default=AT_ONCE, metavar="N", help="under way at a time (%(default)s)"
    )
    parser.add_argument("--replace-claude", action="store_true", help="let the offline evaluator replace Claude's too")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    if options.all == bool(options.user or options.category):
        parser.error("say which answers: --user EMAIL, --category NAME or both, or --all")
    return options


def _category(text: str) -> Category:
    if text not in set(Category):
        raise argparse.ArgumentTypeError(f"no category is called {text!r}: there are {', '.join(Category)}")
    return Category(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


if __name__ == "__main__":
    stop_when_told()
    sys.exit(main())
