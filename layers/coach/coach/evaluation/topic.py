"""Whether an answer is about its question: by how many telling words it shares with the question and its sample answer.

Texts are vectors of word stems, weighted by 1 + ln(count) and by ln(N / documents that have the stem), and compared by
their cosine (Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988). The documents are the
bank's questions with their sample answers, so that a word of the trade counts little and "parking" counts much.
"""

import math
from collections import Counter
from functools import cache, lru_cache

from coach import questions
from coach.evaluation.text import words
from coach.model import Question

Vector = dict[str, float]

ABOUT = 0.06
"""In the part of the golden set to build on, answers to their question lie above 0.076 and answers to another question
below 0.048, but for those that speak of the same product."""


def is_about(question: Question, answer: str) -> bool:
    """Whether an answer deals with its question; a well-made answer to another question does not."""
    mine, asked = _vector(_stems(answer)), _vector(_stems(_text(question)))
    return sum(weight * asked.get(stem, 0.0) for stem, weight in mine.items()) >= ABOUT


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
