"""Whether an answer is about its question, and of the kind that the question asks for.

About it: by how many telling words it shares with the question and its sample answer. Texts are vectors of word stems,
weighted by 1 + ln(count) and by ln(N / documents that have the stem), and compared by their cosine (Salton and Buckley,
"Term-weighting approaches in automatic text retrieval", 1988).

Of its kind: a plan for a launch may be well made, and still be no estimate, though both speak of the same product. The
category is told by naive Bayes over the stems that come up.

Both learn from the bank's questions with their sample answers, so that a word of the trade counts little and "parking"
counts much.
"""

import math
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from functools import cache, lru_cache

from coach import questions
from coach.evaluation.text import words
from coach.model import Category, Question

Vector = dict[str, float]

ABOUT = 0.09
OTHERS_FIT_BETTER = 2
OTHER_KIND = 0.13
OTHER_KIND_IF_DOUBTFUL = 0.05
"""In the part of the golden set to build on, one solid or strong answer in a hundred is below 0.11 or likelier of
another kind by more than 0.08 a stem, and none has two questions of its category that fit it better."""

STEM_MIN_DOCUMENTS = 3
KIND_MIN_STEMS = 40
"""Fewer do not tell a kind."""


def is_about(question: Question, answer: str) -> bool:
    """Whether an answer deals with what its question speaks of, and hardly a question of the category fits better."""
    mine = _vector(_stems(answer))
    likeness = _likeness(mine, _vector(_stems(_text(question))))
    if likeness < ABOUT or question.sample_answer is None:
        return likeness >= ABOUT  # a question alone has too few words to be compared with those that have a sample
    return sum(_likeness(mine, vector) > likeness for vector in _vectors(question.category)) < OTHERS_FIT_BETTER


def other_kind(category: Category, answer: str, *, doubtful: bool = False) -> Category | None:
    """The category that an answer clearly belongs to instead of this one, or None.

    `doubtful`: there are other signs already, or no way to tell by its words what the question is about.
    """
    stems = _stems(answer).keys() & _kinds().known
    if len(stems) < KIND_MIN_STEMS:
        return None
    likelihoods = _likelihoods(stems)
    likeliest = max(Category, key=likelihoods.__getitem__)
    margin = OTHER_KIND_IF_DOUBTFUL if doubtful else OTHER_KIND
    return likeliest if likelihoods[likeliest] - likelihoods[category] > margin else None


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Per category the logarithm of each stem's probability, and of that of a stem that it has not used."""

    known: frozenset[str]
    of_stem: dict[Category, Vector]
    of_none: dict[Category, float]


def _likelihoods(stems: Set[str]) -> dict[Category, float]:
    """Per category the mean logarithm of the probability of the answer's stems: a mean, so that length is no matter."""
    kinds = _kinds()
    return {
        category: sum(kinds.of_stem[category].get(stem, kinds.of_none[category]) for stem in stems) / len(stems)
        for category in Category
    }


@cache
def _kinds() -> _Kinds:
    documents = {
        category: Counter(stem for question in questions.questions(category) for stem in set(_stems(_text(question))))
        for category in Category
    }
    everywhere = sum(documents.values(), Counter[str]())
    known = frozenset(stem for stem, count in everywhere.items() if count >= STEM_MIN_DOCUMENTS)
    of_stem, of_none = {}, {}
    for category, counts in documents.items():
        # One more of each: what a category has not said so far is unlikely, not impossible.
        total = sum(counts[stem] for stem in known) + len(known)
        of_stem[category] = {stem: math.log((counts[stem] + 1) / total) for stem in known if stem in counts}
        of_none[category] = math.log(1 / total)
    return _Kinds(known, of_stem, of_none)


def _likeness(one: Vector, other: Vector) -> float:
    return sum(weight * other.get(stem, 0.0) for stem, weight in one.items())


@cache
def _vectors(category: Category) -> list[Vector]:
    return [_vector(_stems(_text(question))) for question in questions.questions(category)]


def _text(question: Question) -> str:
    # The question counts twice: its own words are fewer than its sample answer's, and say more.
    return " ".join([question.question_text, question.question_text, question.sample_answer or ""])


def _vector(stems: Counter[str]) -> Vector:
    """Of length 1, or empty. A stem that no document has says nothing about any of them."""
    rarity = _rarity()
    weights = {stem: (1 + math.log(count)) * rarity[stem] for stem, count in stems.items() if stem in rarity}
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {stem: weight / length for stem, weight in weights.items()} if length else {}


@cache
def _rarity() -> Vector:
    documents = [_stems(_text(question)) for question in questions.questions()]
    frequency = Counter(stem for document in documents for stem in document)
    return {stem: math.log(len(documents) / count) for stem, count in frequency.items()}


def _stems(text: str) -> Counter[str]:
    return Counter(_stem(word) for word in words(text) if len(word) > 2)


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    """Without plural and the commonest endings: bookings, booking and booked are all `book`, city and cities `citi`."""
    for endings in (("s",), ("ing", "ed", "ly"), ("e",)):
        for ending in endings:
            if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
                word = word.removesuffix(ending)
                break
    return word.removesuffix("y") + "i" if word.endswith("y") else word
