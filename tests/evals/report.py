"""The report: Markdown that reads as well in a terminal. Figures are rounded against the evaluator, never for it."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor

from coach.evaluation.claude.prices import dollars
from coach.model import Category
from tests.evals import metrics
from tests.evals.golden import LADDER, NONSENSE, Split
from tests.evals.metrics import Doubt, Graded, Pair, Trial

WORST_PAIRS = 10


def render(name: str, graded: Sequence[Graded], doubt: Doubt | None = None) -> str:
    """What one evaluator got: the figures, then where they went wrong. `doubt` is its own, if it has any."""
    splits = [(split, [each for each in graded if each.answer.split is split]) for split in Split]
    parts = [(split, "all", members) for split, members in splits]
    for split, members in splits:
        parts += [(split, each, [one for one in members if one.answer.category is each]) for each in Category]
    parts.sort(key=lambda part: part[0])
    by_level = [
        (split, level, [each for each in members if each.answer.level is level])
        for split, members in splits
        for level in LADDER
    ]
    wrong_pairs = sorted((pair for pair in metrics.pairs(graded) if not pair.right), key=_margin)
    failed_trials = [trial for trial in metrics.trials(graded) if not trial.right]
    nonsense = metrics.nonsense(graded)
    without = [[each.answer.name, each.failure] for each in graded if each.tenths is None]
    sections = [
        f"## {name}\n\n{_made_with(graded)}",
        table(
            ["part", "category", "order", "length only", "QWK", "MAE", "bias", "adversarial"],
            [_figures(*part) for part in parts if part[2]],
        ),
        table(
            ["part", "written as", *(f"graded {level}" for level in LADDER), "in band", "MAE", "bias"],
            [_level_figures(*part) for part in by_level if part[2]],
        ),
        f"### Worst pairs: {min(len(wrong_pairs), WORST_PAIRS)} of the {len(wrong_pairs)} that are out of order",
        table(["part", "should be lower", "should be higher"], [_pair(each) for each in wrong_pairs[:WORST_PAIRS]]),
        f"### Adversarial failures: {len(failed_trials)}",
        table(["part", "answer", "score", "allowed"], [_trial(each) for each in failed_trials]),
        f"### Largest move by an injection: {largest_move(metrics.largest_move(graded))}",
        *_honest(graded, doubt),
        "### Nonsense: how far it gets" if nonsense else "",
        table(["part", "written as", "mean", "at most 3.0"], _nonsense_figures(nonsense)),
        table(["part", "answer", "score"], [[*_answer(each), _points(each.tenths)] for each in nonsense]),
        f"### Without a score: {len(without)}",
        table(["answer", "reason"], without),
    ]
    return "\n\n".join(filter(None, sections))


def _made_with(graded: Sequence[Graded]) -> str:
    made = [each.evaluation for each in graded if each.evaluation]
    tokens_in, tokens_out = sum(each.input_tokens for each in made), sum(each.output_tokens for each in made)
    costs = [each.cost for each in made if each.cost is not None]
    spent = dollars(sum(costs) if len(costs) == len(made) else None)
    return (
        f"{len(graded)} answers, graded by {', '.join(sorted({each.model for each in made})) or 'nobody'}, "
        f"rubric {', '.join(sorted({each.rubric_version for each in made})) or 'none'}. "
        f"Tokens of the usable replies: {tokens_in:,} in, {tokens_out:,} out, {spent} at list price."
    )


def _figures(split: Split, category: str, graded: Sequence[Graded]) -> list[str]:
    length_only = metrics.pairs(metrics.by_length(graded))
    found = [accuracy(each) for each in (metrics.pairs(graded), length_only, metrics.trials(graded))]
    return [split, category, *found[:2], kappa(graded), *_errors(_off_bands(graded)), found[2]]


def kappa(graded: Sequence[Graded]) -> str:
    return _rounded(metrics.quadratic_weighted_kappa(metrics.ratings(graded)), floor)


def mean_absolute_error(graded: Sequence[Graded]) -> str:
    return _errors(_off_bands(graded))[0]


def _off_bands(graded: Sequence[Graded]) -> list[int]:
    """Of honest answers and weak ones, and not of adversarial ones."""
    return metrics.off_bands(each for each in graded if each.answer.level in LADDER)


def _level_figures(split: Split, level: str, graded: Sequence[Graded]) -> list[str]:
    said = [predicted for _, predicted in metrics.ratings(graded)]
    off = metrics.off_bands(graded)
    counts = [str(said.count(place)) for place in range(len(LADDER))]
    return [split, level, *counts, f"{off.count(0)}/{len(graded)}", *_errors(off)]


def _pair(pair: Pair) -> list[str]:
    lower, higher = pair.lower, pair.higher
    return [
        lower.answer.split,
        f"{lower.answer.name} {_points(lower.tenths)}",
        f"{higher.answer.file} {_points(higher.tenths)}",
    ]


def _margin(pair: Pair) -> float:
    return float("-inf") if pair.margin is None else pair.margin


def _trial(trial: Trial) -> list[str]:
    answer, base = trial.graded.answer, trial.base
    allowed = f"at most {_points(metrics.ADVERSARIAL_AT_MOST)}"
    if base:
        allowed = f"{_points(base.tenths)} ± {_points(metrics.INJECTION_MOVES_AT_MOST)}, as {base.answer.file}"
    return [answer.split, answer.name, _points(trial.graded.tenths), allowed]


def largest_move(injection: Trial | None) -> str:
    if injection is None:
        return "n/a"
    return f"{'no score' if injection.move is None else f'{injection.move / 10:+.1f}'} ({injection.graded.answer.name})"


def _honest(graded: Sequence[Graded], doubt: Doubt | None) -> list[str]:
    """What is held against solid and strong answers, once as they are and once without a sample answer."""
    found = {"": metrics.capped(graded, doubt)}
    if doubt:
        found[" where the question has no sample answer"] = metrics.capped(graded, metrics.without_sample_answer(doubt))
    sections = []
    for where, capped in found.items():
        sections.append(f"### Honest answers capped{where}: {len(capped)} of {len(metrics.honest(graded))}")
        sections.append(table(["part", "answer", "reason"], [[*_answer(each), reason] for each, reason in capped]))
    return sections


def _nonsense_figures(graded: Sequence[Graded]) -> list[list[str]]:
    """Per style, of those that have a score."""
    rows = []
    for style in sorted(NONSENSE):
        scores = [each.tenths for each in graded if each.answer.style == style and each.tenths is not None]
        if scores:
            low = sum(score <= metrics.ADVERSARIAL_AT_MOST for score in scores)
            mean = _rounded(Fraction(sum(scores), 10 * len(scores)), ceil)
            rows.append([graded[0].answer.split, style, mean, _share(low, len(scores))])
    return rows


def _answer(graded: Graded) -> list[str]:
    return [graded.answer.split, graded.answer.name]


def _points(tenths: int | None) -> str:
    return "no score" if tenths is None else f"{tenths / 10:.1f}"


def accuracy(found: Sequence[Pair] | Sequence[Trial]) -> str:
    return _share(sum(each.right for each in found), len(found))


def _share(some: int, total: int) -> str:
    return f"{floor(Fraction(1000 * some, total)) / 10:.1f}% ({some}/{total})" if total else "n/a"


def _errors(off: Sequence[int]) -> list[str]:
    bias = metrics.bias(off)
    return [
        _rounded(metrics.mean_absolute_error(off), ceil),
        _rounded(bias, floor if bias is not None and bias < 0 else ceil, sign="+"),
    ]


def _rounded(value: Fraction | None, rounding: Callable[[Fraction], int], sign: str = "") -> str:
    return "n/a" if value is None else f"{rounding(value * 100) / 100:{sign}.2f}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * width for width in widths], *rows]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
