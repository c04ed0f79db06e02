"""How much a text says that is particular to its case: the mean worth of its words.

A word that counts, dates, prices, limits or points at somebody is worth 4, a figure or a word of the answer's own 1.5
(the latter when it comes up first). A word of the trade costs 2, since every answer has it, and praise costs 5. Grammar
is worth nothing. A mean does not grow with length, and headings and bullets are no words.

The worths are rounded from a logistic regression on the pairs of answers to one question in the part of the golden set
to build on. It would have long words cost as well, which was left out: it marks a formal style down, not a weak answer.

This is a proxy: it sees whether somebody speaks of a case, and not whether what they say of it is true.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from coach.evaluation.frameworks import framework_names
from coach.evaluation.offline.cues import vocabulary

PARTICULAR = 4.0
FIGURE = 1.5
OWN = 1.5
TRADE = -2.0
PRAISE = -5.0


@dataclass(frozen=True, slots=True)
class Worth:
    """The worth of some words together, and how many they are."""

    total: float
    count: int

    @property
    def unearned(self) -> "Worth":
        """What is left of it when nothing may be earned."""
        return Worth(min(self.total, 0.0), self.count)

    def in_context(self, mean: float, weight: int) -> float:
        """The mean worth, drawn towards that of the text it stands in as if `weight` more words had that: one lucky
        sentence makes no specific answer, and one general sentence does not spoil one."""
        return (self.total + weight * mean) / (self.count + weight)


def worths(sentences: Iterable[Sequence[str]], asked: Iterable[str]) -> list[Worth]:
    """The worth of each sentence's words. Words of the question (`asked`) say nothing that is not said already."""
    given = set(asked)
    used = set(given)
    found = []
    for said in sentences:
        total = 0.0
        for word in said:
            total += _worth(word, given, used)
            used.add(word)
        found.append(Worth(total, len(said)))
    return found


def has_worth(word: str) -> bool:
    """Whether a list says what it is worth, as one of grammar, of the trade, or one that is particular to any case."""
    return word in _of_lists()


def _worth(word: str, given: set[str], used: set[str]) -> float:
    worth = _of_lists().get(word)
    if worth is None:
        worth = FIGURE if word[0].isdigit() else OWN if word not in used else 0.0
    return min(worth, 0.0) if word in given else worth


@cache
def _of_lists() -> dict[str, float]:
    """Later lists win: a word that counts is no mere grammar."""
    lists = vocabulary()
    worth = dict.fromkeys((part for name in framework_names() for part in name if part.isalpha()), TRADE)
    worth |= dict.fromkeys(lists["grammar"], 0.0)
    worth |= dict.fromkeys(lists["trade"], TRADE)
    worth |= dict.fromkeys(lists["praise"], PRAISE)
    return worth | dict.fromkeys(lists["particular"], PARTICULAR)
