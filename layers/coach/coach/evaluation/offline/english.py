"""Whether a text reads as English: by the words and the pairs of neighbouring words that English texts are made of.

The lists are those of symspellpy: 82,000 words, and 242,000 pairs from the Google Books n-grams; the words of the bank
and of the trade are known as well. A word counts when it
has at least three letters or is in another script, a pair when both of its words are in the list.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

from coach import questions
from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.text import words

UNKNOWN_SHARE_MAX = 0.12
FOREIGN_SHARE = 0.5
USUAL_SHARE_MIN = 0.335
USUAL_TO_REVERSED_MIN = 1.3
"""In the part of the golden set to build on, at most 0.05 of a real answer's words are unknown, at least 0.36 of its
pairs are usual, and at least 1.4 times as many as if they were read backwards. Invented words begin at 0.18; words in
no order reach 0.31, or 1.3 times where they are common ones."""

PAIRS_MIN = 40
"""With fewer pairs a share of them says nothing."""


def unknown_share(said: Sequence[str]) -> float:
    """The share of words that no list has: names and abbreviations in a real text, more in another language."""
    counted = [word for word in said if _is_word(word)]
    return sum(word not in _known() for word in counted) / len(counted) if counted else 0.0


def in_usual_order(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether enough neighbours are usual ones, and more of them this way round than the other.

    What is particular to a case puts words together that seldom meet, so good answers have fewer usual pairs than
    hollow ones; words in no order have fewer still, or as many read backwards.
    """
    pairs = [pair for said in sentences for pair in pairwise(said) if all(word in _words() for word in pair)]
    if len(pairs) < PAIRS_MIN:
        return True
    usual = sum(f"{first} {second}" in _pairs() for first, second in pairs)
    backwards = sum(f"{second} {first}" in _pairs() for first, second in pairs)
    return usual >= USUAL_SHARE_MIN * len(pairs) and usual >= USUAL_TO_REVERSED_MIN * backwards


def _is_word(text: str) -> bool:
    # In other scripts a word may have marks, which isalpha() does not count as letters.
    return len(text) > 2 and text.isalpha() if text.isascii() else text[0].isalpha()


@cache
def _known() -> frozenset[str]:
    of_bank = (f"{each.question_text} {each.hint} {each.sample_answer}" for each in questions.questions())
    return _words().union(words(" ".join(of_bank)), vocabulary()["trade"], vocabulary()["jargon"])


@cache
def _words() -> frozenset[str]:
    return frozenset(line.partition(" ")[0] for line in _lines("frequency_dictionary_en_82_765.txt"))


@cache
def _pairs() -> frozenset[str]:
    return frozenset(line.rpartition(" ")[0] for line in _lines("frequency_bigramdictionary_en_243_342.txt"))


def _lines(name: str) -> list[str]:
    return files("symspellpy").joinpath(name).read_text(encoding="utf-8-sig").splitlines()
