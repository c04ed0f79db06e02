"""An answer cut into pieces, each with the criteria that it was quoted for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coach.model import Criterion


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of an answer, verbatim. `criteria` are places in the list of criteria; `begins` those of which a quote
    begins here, so that each quote is numbered once, however others overlap it."""

    text: str
    criteria: tuple[int, ...]
    begins: tuple[int, ...]


def pieces(answer: str, criteria: Sequence[Criterion]) -> list[Piece]:
    """All of the answer, in order. A quote that is not in it, as those of an earlier answer, marks nothing."""
    quotes = [
        (start, start + len(quote), place)
        for place, criterion in enumerate(criteria)
        for quote in criterion.evidence
        if quote and (start := answer.find(quote)) >= 0
    ]
    cuts = sorted({0, len(answer), *(cut for start, end, _ in quotes for cut in (start, end))})
    return [
        Piece(
            answer[start:end],
            _places(place for first, last, place in quotes if first <= start and end <= last),
            _places(place for first, _, place in quotes if first == start),
        )
        for start, end in pairwise(cuts)
    ]


def _places(found: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(found)))
