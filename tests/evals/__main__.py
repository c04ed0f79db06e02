"""`make evals`: how well the evaluators grade the golden set.

Offline always; Claude as well when asked for, which costs money. Exits with 1 when the offline evaluator is not good
enough on the measuring part, and with 2 when nothing could be measured.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from coach.evaluation import AnswerEvaluator
from coach.evaluation.claude.prices import dollars
from coach.evaluation.graders import configured, grader
from coach.settings import GraderSettings
from tests.evals import golden, metrics, report
from tests.evals.golden import GoldenAnswer, GoldenError, Split
from tests.evals.grading import estimated_cost, grade
from tests.evals.metrics import Graded

NEEDED = Fraction(95, 100)
GOOD_ENOUGH, NOT_GOOD_ENOUGH, NOTHING_MEASURED = 0, 1, 2


def main(
    arguments: Sequence[str] | None = None,
    *,
    folder: Path = golden.FOLDER,
    environment: Mapping[str, str] = os.environ,
    configure: Callable[[GraderSettings], AnswerEvaluator] = configured,
    ask: Callable[[str], str] = input,
) -> int:
    options = _parser().parse_args(arguments)
    asks_claude = options.evaluator == "claude"
    settings = GraderSettings.read({**environment, "EVALUATOR": "claude"})
    if asks_claude and not settings.anthropic_api_key:
        print("ANTHROPIC_API_KEY is not set, so Claude cannot be asked", file=sys.stderr)
        return NOTHING_MEASURED
    try:
        answers = [each for each in golden.load(folder) if options.split in ("all", each.split)]
    except GoldenError as error:
        print(error, file=sys.stderr)
        return NOTHING_MEASURED

    graded = asyncio.run(grade(configure(GraderSettings(evaluator="offline")), answers))
    sections = ["# Evals", report.render("Offline", graded)]
    print(sections[-1], flush=True)
    if asks_claude and (options.yes or _agreed(answers, settings, ask)):
        print("\nClaude is grading; this takes minutes.", file=sys.stderr)
        claude = configure(settings)
        sections.append(report.render("Claude", asyncio.run(grade(claude, answers))))
        print(f"\n{sections[-1]}")
    code, verdict = _judged([each for each in graded if each.answer.split is Split.MEASURE])
    if options.split == Split.BUILD:
        code, verdict = GOOD_ENOUGH, "The measuring part was not graded, so nothing is decided."
    print(f"\n{verdict}")
    if options.report:
        options.report.write_text("\n\n".join([*sections, verdict]) + "\n", encoding="utf-8")
    return code


def _judged(graded: Sequence[Graded]) -> tuple[int, str]:
    shares = metrics.accuracy(metrics.pairs(graded)), metrics.accuracy(metrics.trials(graded))
    good = all(share is not None and share >= NEEDED for share in shares)
    bar = f"on the measuring part, order and adversarial must be {float(NEEDED):.0%} or more each"
    if good:
        return GOOD_ENOUGH, f"Offline is good enough: {bar}."
    return NOT_GOOD_ENOUGH, f"Offline is NOT good enough: {bar}."


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
    parser.add_argument("--split", choices=[*Split, "all"], default="all", help="the part to grade")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there too, as Markdown")
    parser.add_argument("--yes", action="store_true", help="spend without asking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
