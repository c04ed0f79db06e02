"""`make evals`: how well the evaluators grade the golden set.

Offline always; Claude as well when asked for, which costs money. Grades the part to build on, and exits with 1 when
the offline evaluator is not good enough there. With --measure it grades the measuring part instead, which decides
nothing and is recorded in looks.csv: once, at the end, so that nothing is built with it. Exits with 2 when nothing
could be measured.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from coach.evaluation import AnswerEvaluator
from coach.evaluation.claude.prices import dollars
from coach.evaluation.graders import configured, grader
from coach.settings import GraderSettings
from tests.evals import golden, looks, report, verdict
from tests.evals.golden import GoldenAnswer, GoldenError, Split
from tests.evals.grading import estimated_cost, grade, offline_doubt
from tests.evals.metrics import Doubt, Graded

GOOD_ENOUGH, NOT_GOOD_ENOUGH, NOTHING_MEASURED = 0, 1, 2
PARTS = {Split.BUILD: "the part to build on", Split.MEASURE: "the measuring part"}


def main(
    arguments: Sequence[str] | None = None,
    *,
    folder: Path = golden.FOLDER,
    environment: Mapping[str, str] = os.environ,
    configure: Callable[[GraderSettings], AnswerEvaluator] = configured,
    doubt: Doubt = offline_doubt,
    ask: Callable[[str], str] = input,
    looks_file: Path = looks.FILE,
    today: Callable[[], date] = lambda: datetime.now(UTC).date(),
) -> int:
    options = _parser().parse_args(arguments)
    part = Split.MEASURE if options.measure else Split.BUILD
    asks_claude = options.evaluator == "claude"
    settings = GraderSettings.read({**environment, "EVALUATOR": "claude"})
    if asks_claude and not settings.anthropic_api_key:
        print("ANTHROPIC_API_KEY is not set, so Claude cannot be asked", file=sys.stderr)
        return NOTHING_MEASURED
    try:
        answers = [each for each in golden.load(folder) if each.split is part]
    except GoldenError as error:
        print(error, file=sys.stderr)
        return NOTHING_MEASURED
    if not answers:
        print(f"{folder}: {PARTS[part]} has no answers", file=sys.stderr)
        return NOTHING_MEASURED

    def graded_by(name: str, settings: GraderSettings, doubt: Doubt | None) -> list[Graded]:
        graded = asyncio.run(grade(configure(settings), answers))
        if part is Split.MEASURE:
            looks.record(looks_file, today(), graded, doubt)
        sections.append(report.render(name, graded, doubt))
        print(f"\n{sections[-1]}", flush=True)
        return graded

    sections = ["# Evals"]
    figures = verdict.figures(graded_by("Offline", GraderSettings(evaluator="offline"), doubt), doubt)
    if asks_claude and (options.yes or _agreed(answers, settings, ask)):
        print("\nClaude is grading; this takes minutes.", file=sys.stderr)
        graded_by("Claude", settings, None)
    good = all(each.met for each in figures)
    decided = f"Offline is {'good' if good else 'NOT good'} enough on {PARTS[part]}."
    if part is Split.MEASURE:
        decided += " This decides nothing: the part to build on does."
    last = ["## Verdict", verdict.render(figures), looks.told(looks_file), decided]
    print("", *last, sep="\n\n")
    if options.report:
        options.report.write_text("\n\n".join([*sections, *last]) + "\n", encoding="utf-8")
    return GOOD_ENOUGH if good or part is Split.MEASURE else NOT_GOOD_ENOUGH


def _agreed(answers: Sequence[GoldenAnswer], settings: GraderSettings, ask: Callable[[str], str]) -> bool:
    _, model = grader(settings)
    price = dollars(estimated_cost(answers, model))
    try:
        reply = ask(f"\nAsking {model} about {len(answers)} answers costs roughly {price}. Go on? [y/N] ")
    except EOFError:
        reply = ""
    if reply.strip().lower() not in ("y", "yes"):
        print("Claude was not asked; nothing was spent.")
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make evals", description=__doc__)
    parser.add_argument("--evaluator", choices=["offline", "claude"], default="offline", help="claude: that as well")
    parser.add_argument("--measure", action="store_true", help="grade the measuring part instead, and record that")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there too, as Markdown")
    parser.add_argument("--yes", action="store_true", help="spend without asking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
