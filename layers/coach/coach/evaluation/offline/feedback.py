"""What the offline evaluator says beside its scores: sentences of the answer, and what to do next. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coach.evaluation.offline.reading import Shown
from coach.evaluation.rubric import Rubric, RubricCriterion
from coach.evaluation.scoring import Verdict

SPECIFIC_FROM = 0.15
"""The strength from which a sentence is no general one."""

CUE_BONUS, CUES_MAX = 0.15, 3
"""What each cue after the first adds to a sentence's strength, and how many may."""

STRENGTHS_MAX = 3
STRENGTH_FROM, STRENGTH_CUES = 0.5, 2
PARTICULAR_FROM = 0.8
"""The specificity from which a sentence is a strength, with so many cues of a check, or without any."""

QUOTE_CHARS = 140


@dataclass(frozen=True, slots=True)
class Closest:
    """A sentence that comes close to a check, how specific it is in its context, and how many cues of the check it has.

    `level` is the strength of the best sentence, which another check may have been shown.
    """

    quote: str
    specificity: float
    cues: int
    level: float = 0.0

    @property
    def strength(self) -> float:
        return self.specificity + CUE_BONUS * min(self.cues - 1, CUES_MAX)

    @property
    def verdict(self) -> Verdict:
        return Verdict.MET if self.strength >= SPECIFIC_FROM else Verdict.PARTIAL


Found = Mapping[str, Closest]
"""By check; a check that nothing was found for is missing."""


def comment(criterion: RubricCriterion, found: Found) -> str:
    """Which checks the evidence is for, and which have none."""
    shown = [check.text for check in criterion.checks if check.id in found]
    missing = [check.text for check in criterion.checks if check.id not in found]
    parts = [f"The sentences shown come closest to an answer that {'; '.join(shown)}."] if shown else []
    if missing:
        parts.append(f"No sentence was found that {'; '.join(missing)}.")
    return " ".join(parts)


def strengths(graded_by: Rubric, found: Found, sentences: Iterable[Shown]) -> list[str]:
    """The most specific sentences that speak of a check by more than one word: one for a criterion, each once. Where
    there is room, the most specific of the others, which need not speak of any check."""
    said: dict[str, tuple[float, str]] = {}
    for criterion in graded_by.criteria:
        spoken = [
            (found[check.id], check)
            for check in criterion.checks
            if check.id in found and found[check.id].cues >= STRENGTH_CUES and found[check.id].quote not in said
        ]
        best, check = max(spoken, key=lambda pair: pair[0].specificity, default=(None, None))
        if best and check and best.specificity >= STRENGTH_FROM:
            said[best.quote] = best.specificity, f"{criterion.name}: “{_short(best.quote)}” ({check.text})"
    best_first = [text for _, text in sorted(said.values(), reverse=True)]
    others = [each for each in sentences if each.quote not in said and each.specificity >= PARTICULAR_FROM]
    if others:
        most = max(others, key=lambda each: each.specificity)
        best_first.insert(STRENGTHS_MAX - 1, f"Particular to this case: “{_short(most.quote)}”")
    return best_first[:STRENGTHS_MAX]


def next_thing(weakest: RubricCriterion, found: Found) -> str:
    """About the weakest criterion: the first check of which nothing specific is said, else the least of them."""
    open_ = [check for check in weakest.checks if check.id not in found or found[check.id].verdict is not Verdict.MET]
    check = open_[0] if open_ else min(weakest.checks, key=lambda check: found[check.id].strength)
    if check.id in found:
        return (
            f"{weakest.name}: “{_short(found[check.id].quote)}” comes closest to an answer that {check.text}. "
            "Say it with a figure, a name or a reason that only this case has."
        )
    shown = [found[each.id] for each in weakest.checks if each.id in found] or list(found.values())
    place = f" It could follow “{_short(max(shown, key=lambda each: each.strength).quote)}”." if shown else ""
    return f"{weakest.name}: no sentence was found that {check.text}.{place}"


def unrelated(said: Sequence[str]) -> str:
    """What earned nothing."""
    more = f", and {len(said) - 1} more" if len(said) > 1 else ""
    return f"Counted for nothing, as it seems to be about something else: “{_short(said[0])}”{more}."


def left_out(how_many: int) -> str:
    """What was not read, since it is no part of the answer."""
    sentences = "1 sentence" if how_many == 1 else f"{how_many} sentences"
    return f"Left out of the grading, as no English or as addressed to the grader: {sentences}."


def _short(quote: str) -> str:
    return quote if len(quote) <= QUOTE_CHARS else quote[:QUOTE_CHARS].rsplit(None, 1)[0] + " …"
