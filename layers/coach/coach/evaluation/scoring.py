"""From checks to scores. Pure, and the only place where a score is made, whoever did the grading.

A check that is met earns 1, partial 1/2, absent 0; without a quote that is really in the answer it counts as absent.

    share of a criterion  =  earned / checks
    a score               =  1.0 + 9.0 * (mean share, weighted by the criteria's weights), to one decimal

The framework, structure and completeness scores take the criteria that feed them; the overall score takes all of them
and is capped while criteria are empty (share 0): 7.0 with one, 5.0 with two, 3.5 with three, 2.5 with more. An answer
that is graded by one criterion, as a follow-up is, has one score, which is all four.

So more met checks never lower a score, losing a quote never raises one, and the order of checks means nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from coach.evaluation.injection import addresses_grader
from coach.evaluation.rubric import Check, Rubric, RubricCriterion, Subscore
from coach.evaluation.text import Source
from coach.model import Criterion

CAPS = (100, 70, 50, 35, 25)
"""The highest overall score in tenths, by the number of empty criteria."""

EVIDENCE_MAX = 6


class Verdict(StrEnum):
    MET = "met"
    PARTIAL = "partial"
    ABSENT = "absent"


EARNED = {Verdict.MET: Fraction(1), Verdict.PARTIAL: Fraction(1, 2), Verdict.ABSENT: Fraction(0)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What an evaluator says of one check, and the quotes that it claims for it."""

    check_id: str
    verdict: Verdict
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores in tenths, and what is left of the findings: one for each check of the rubric, quotes verified."""

    overall: int
    framework: int
    structure: int
    completeness: int
    criteria: tuple[Criterion, ...]
    findings: dict[str, Finding]


def quoted(claimed: str, sources: Iterable[Source]) -> str | None:
    """A claimed quote in the words of the first text that says this, None if no text does."""
    return next((own for source in sources if (own := source.quote(claimed))), None)


def verified(quote: str, answer: str) -> bool:
    """Whether the answer says this, and enough of it to prove something."""
    return _own_words(quote, [Source(answer)]) is not None


def score(rubric: Rubric, findings: Iterable[Finding], answer: str, *earlier: str) -> Scores:
    """Unknown check ids are ignored, missing ones are absent, and of two findings for one check the worse counts.

    A quote may be of one of the `earlier` answers too, which an answer follows up.
    """
    kept = _kept(rubric, findings, [Source(text) for text in (answer, *earlier)])
    shares = {
        criterion.name: sum((EARNED[kept[check.id].verdict] for check in criterion.checks), Fraction(0))
        / len(criterion.checks)
        for criterion in rubric.criteria
    }
    empty = sum(share == 0 for share in shares.values())
    return Scores(
        overall=min(_tenths(rubric.criteria, shares), CAPS[min(empty, len(CAPS) - 1)]),
        **{
            kind.value: _tenths([c for c in rubric.criteria if kind in c.feeds] or rubric.criteria, shares)
            for kind in Subscore
        },
        criteria=tuple(
            Criterion(
                name=criterion.name,
                score=_tenths([criterion], shares),
                evidence=tuple(_evidence(criterion, kept)),
                comment=_comment(criterion, kept),
            )
            for criterion in rubric.criteria
        ),
        findings=kept,
    )


def _kept(rubric: Rubric, findings: Iterable[Finding], sources: Sequence[Source]) -> dict[str, Finding]:
    known = {check.id for check in rubric.checks}
    claims: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.check_id in known:
            claims.setdefault(finding.check_id, []).append(_proven(finding, sources))
    return {
        check.id: min(claims.get(check.id, [Finding(check.id, Verdict.ABSENT)]), key=_worst_first)
        for check in rubric.checks
    }


def _worst_first(finding: Finding) -> tuple[Fraction, tuple[str, ...]]:
    return EARNED[finding.verdict], finding.quotes


def _proven(finding: Finding, sources: Sequence[Source]) -> Finding:
    quotes = tuple(dict.fromkeys(own for quote in finding.quotes if (own := _own_words(quote, sources))))
    if not quotes or finding.verdict is Verdict.ABSENT:
        return Finding(finding.check_id, Verdict.ABSENT)
    return Finding(finding.check_id, finding.verdict, quotes)


def _own_words(quote: str, sources: Sequence[Source]) -> str | None:
    own = quoted(quote, sources)
    return None if own is None or addresses_grader(own) else own


def _tenths(criteria: Iterable[RubricCriterion], shares: dict[str, Fraction]) -> int:
    weighted = [(criterion.weight, shares[criterion.name]) for criterion in criteria]
    mean = sum((weight * share for weight, share in weighted), Fraction(0)) / sum(weight for weight, _ in weighted)
    return 10 + int(90 * mean + Fraction(1, 2))


def _evidence(criterion: RubricCriterion, kept: dict[str, Finding]) -> list[str]:
    quotes = dict.fromkeys(quote for check in criterion.checks for quote in kept[check.id].quotes)
    return list(quotes)[:EVIDENCE_MAX]


def _comment(criterion: RubricCriterion, kept: dict[str, Finding]) -> str:
    def of(verdict: Verdict) -> list[Check]:
        return [check for check in criterion.checks if kept[check.id].verdict is verdict]

    parts = [f"{len(of(Verdict.MET))} of {len(criterion.checks)} checks met"]
    if partial := of(Verdict.PARTIAL):
        parts.append(f"only partly: {'; '.join(check.text for check in partial)}")
    if absent := of(Verdict.ABSENT):
        parts.append(f"not found: {'; '.join(check.text for check in absent)}")
    return ". ".join(part[0].upper() + part[1:] for part in parts) + "."
