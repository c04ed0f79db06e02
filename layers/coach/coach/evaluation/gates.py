"""What can be seen without asking anyone: answers that are no answers. Pure.

A gate fires only where there is no doubt, in any language: what is merely bad is for an evaluator to say.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from coach.characters import visible
from coach.evaluation.frameworks import frameworks_named
from coach.evaluation.text import is_character, letters, words
from coach.evaluation.word_lists import word_lists
from coach.model import FollowUp

MIN_WORDS = 25
MIN_WORDS_OF_FOLLOW_UP = 5
"""One sentence may answer a probe. The answer before it has been through the gates as well."""

WORDS_IN_A_ROW, CHARACTERS_IN_A_ROW = 3, 9
COPIED_SHARE = 0.4

SHORT = "Say what you would do, for whom and why, in at least ten sentences."
SHORT_FOLLOW_UP = "Answer what was asked, in a whole sentence at least."

_RARE_PAIRS = re.compile(
    "asdf|qwer|sdf|dfg|fgh|ghj|hjk|jkl|zxc|xcv|cvb|vbn|bnm|wert|tyu|yui|iop|"
    "b[kqx]|c[bfgjvwx]|d[qx]|f[bcdghkmpqvwxz]|g[cjkqvxz]|h[fghjkpqvxz]|j[bcghjlmpqrtvwxyz]|k[cgjpqxz]|l[qx]|"
    "m[gjkqvxz]|p[gjqvxz]|q[^u]|s[jx]|t[qx]|v[bcdfghjkmnpqtvwxz]|w[jqvxz]|x[bdgjkmnqrsvwz]|y[jqy]|z[cfgjkpqrtvx]|"
    r"(.)\1\1"
)
_ARTICLES = frozenset({"the", "an", "my", "our", "their"})
_PREPOSITIONS = frozenset({"of", "with", "from", "to", "into", "at"})
_NEVER_AFTER_EITHER = frozenset(
    {
        "of",
        "and",
        "or",
        "but",
        "is",
        "are",
        "was",
        "were",
        "would",
        "can",
        "will",
        "because",
        "than",
        "if",
        "so",
        "from",
    }
)
_NEVER_AFTER_AN_ARTICLE = _NEVER_AFTER_EITHER | {
    "to",
    "be",
    "for",
    "that",
    "with",
    "it",
    "we",
    "they",
    "the",
    "an",
    "has",
}


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why an answer is not worth an evaluator's time, the overall score (in tenths) that it gets, and what to do."""

    tenths: int
    reason: str
    advice: str


def gate(
    question_text: str, answer: str, follow_up: FollowUp | None = None, sample_answer: str | None = None
) -> Stopped | None:
    """None for an answer that somebody should read."""
    said = words(answer)
    least = MIN_WORDS_OF_FOLLOW_UP if follow_up else MIN_WORDS
    asked = [question_text, follow_up.probe.question] if follow_up else [question_text]
    if any(_echoes(words(text), said, least) for text in asked):
        return Stopped(
            10, "The answer repeats the question.", "Answer it in your own words, beginning with a decision."
        )
    if follow_up and any(_echoes(words(turn.answer), said, least) for turn in follow_up.earlier):
        return Stopped(10, "The answer repeats an earlier one.", "Say what you have not said yet.")
    if sample_answer and _copies(words(sample_answer), said):
        return Stopped(
            10,
            "This is the question's sample answer, or most of it.",
            "Put the sample answer away, answer in your own words, and compare the two afterwards.",
        )
    if _gibberish(answer, said):
        return Stopped(10, "The answer cannot be read as text.", "Write whole sentences.")
    if len(said) < least:
        reason = f"The answer is far too short to grade: {len(said)} words."
        return Stopped(10, reason, SHORT_FOLLOW_UP if follow_up else SHORT)
    if _share_of_news(said) < 0.4:
        return Stopped(15, "The answer says the same thing over and over.", "Say each point once, then develop it.")
    if _names_and_nothing_else(said):
        reason = "The answer names frameworks and does nothing with them."
        return Stopped(20, reason, "Pick one framework and fill it with what is particular to this question.")
    return None


@cache
def common_words() -> frozenset[str]:
    """Words that make no answer particular: grammar, and what every answer of a product manager says."""
    return frozenset(word_lists()["grammar"] + word_lists()["trade"])


def _echoes(question: list[str], said: list[str], least: int) -> bool:
    """Most of it is the question's own wording, and what is left is no answer."""
    repeated = _repeated(question, said)
    return repeated > len(said) / 2 and len(said) - repeated < least


def _copies(sample: list[str], said: list[str]) -> bool:
    """Enough of it is the sample's own wording, in whatever order, also where a word in eight was exchanged.

    Real answers have up to a quarter of it from the sample; two thirds of a sample behind an own beginning have 0.7.
    """
    repeated = _repeated(sample, said)
    return repeated >= MIN_WORDS and repeated > COPIED_SHARE * len(said)


def _repeated(source: list[str], said: list[str]) -> int:
    """How many of the words stand in a row of three that the source has as well."""
    known = set(zip(source, source[1:], source[2:], strict=False))
    repeated: set[int] = set()
    for start, triple in enumerate(zip(said, said[1:], said[2:], strict=False)):
        if triple in known:
            repeated.update(range(start, start + 3))
    return len(repeated)


def _gibberish(answer: str, said: list[str]) -> bool:
    solid = "".join(visible(answer).split())
    if letters(solid) < len(solid) / 2:
        return True
    longer = [word for word in said if len(word) >= 4 and word.isascii() and word.isalpha()]
    if len(longer) >= 5 and sum(_RARE_PAIRS.search(word) is not None for word in longer) > 0.35 * len(longer):
        return True
    if sum(len(word) > 30 and word.isascii() for word in said) > len(said) / 4 or "lorem ipsum" in " ".join(said[:200]):
        return True
    return _shuffled(said)


def _shuffled(said: list[str]) -> bool:
    """Words of English in no order: "the of" and "to because" come up, which grammar rules out."""
    places = impossible = 0
    for word, follower in pairwise(said):
        if word in _ARTICLES:
            places, impossible = places + 1, impossible + (follower in _NEVER_AFTER_AN_ARTICLE)
        elif word in _PREPOSITIONS:
            places, impossible = places + 1, impossible + (follower in _NEVER_AFTER_EITHER)
    return impossible >= 2 and impossible > 0.08 * places


def _share_of_news(said: list[str]) -> float:
    """Of three words in a row, or of as much text where characters are counted, how many are there once."""
    length = CHARACTERS_IN_A_ROW if 2 * sum(map(is_character, said)) > len(said) else WORDS_IN_A_ROW
    rows = list(zip(*(said[start:] for start in range(length)), strict=False))
    return len(set(rows)) / len(rows)


def _names_and_nothing_else(said: list[str]) -> bool:
    named = frameworks_named(said)
    in_names = {part for name in named for part in name}
    distinct = set(said)
    particular = distinct - common_words() - in_names
    return len(named) >= 3 and len(particular) < max(6, 0.22 * len(distinct))
