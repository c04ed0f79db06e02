"""What an answer speaks of: which of its sentences have to do with the question, and whether the whole answers it.

A word speaks for the subject as far as it is likelier in the question bank than in English at large (naive Bayes):

    speaks(word) = min(1, ln(0.2 + 0.8 * P(word | bank) / P(word | English)))

and is 1 for a word of the question or of its sample answer. A sentence's relevance is the mean over the different words
of it and of the three sentences on either side, drawn towards the mean of the whole answer as if by five words more.
Words of grammar and of the trade, figures, and names that are in no list say nothing about a subject and are left out.
Up to 0.1 a sentence counts for nothing, from 0.26 on in full, and between in proportion.

P(word | bank) counts the questions that have the word's stem, with their hints and sample answers.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from functools import cache, lru_cache

from coach import questions
from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.english import probability
from coach.evaluation.offline.specificity import has_worth
from coach.evaluation.text import Sentence, words
from coach.model import Question

UNRELATED_TO, RELATED_FROM = 0.1, 0.26
NEIGHBOURS = 3
WHOLE_ANSWER_WORDS = 5
"""As how many more words the mean of the whole answer counts in a sentence's relevance."""

BANK_SHARE = 0.8
NOT_IN_DICTIONARY = 1e-5
"""How likely a word of the bank is taken to be in English that the dictionary lacks."""

RARE_FROM = 4
"""A stem that fewer questions have counts as if so many had it, or names would decide what an answer is about."""

ABOUT_FROM = 0.18
"""In the part of the golden set to build on, the solid and strong answers begin at 0.19."""


def share(relevance: float) -> float:
    """For how much a sentence of this relevance counts."""
    return min(max((relevance - UNRELATED_TO) / (RELATED_FROM - UNRELATED_TO), 0.0), 1.0)


def relevances(question: Question, said: Sequence[Sentence], known: Iterable[str]) -> list[float]:
    """How much each sentence has to do with the question, at most 1.

    `known` are words of what was asked or said before: they belong to the subject too.
    """
    own = _own(question) | set(map(_stem, known))
    speaking = [_speaking(sentence.words, own) for sentence in said]
    whole = _merged(speaking)
    mean = sum(whole.values()) / max(len(whole), 1)
    found = []
    for place in range(len(said)):
        around = _merged(speaking[max(place - NEIGHBOURS, 0) : place + NEIGHBOURS + 1])
        found.append((sum(around.values()) + WHOLE_ANSWER_WORDS * mean) / (len(around) + WHOLE_ANSWER_WORDS))
    return found


def is_about(question: Question, said: Iterable[Sentence]) -> bool:
    """Whether enough of an answer is of the question or its sample answer: the share of its stems that they have, each
    weighted by ln(questions / questions with that stem). Any share is enough where no other question has a greater one.

    Nobody can tell without a sample answer, nor where the candidate chooses what to speak of: then it is.
    """
    if not question.sample_answer or asks_for_story(question) or _leaves_choice(question):
        return True
    grammar, every = vocabulary()["grammar"], sum(questions.counts().values())
    stems = {_stem(word) for sentence in said for word in sentence.words if word not in grammar and _may_tell(word)}
    weights = {stem: math.log(every / max(_bank()[stem], RARE_FROM)) for stem in stems}

    def shared(asked: Question) -> float:
        own = _own(asked)
        return sum(weight for stem, weight in weights.items() if stem in own) / max(sum(weights.values()), 1.0)

    its_share = shared(question)
    return its_share >= ABOUT_FROM or all(shared(other) <= its_share for other in questions.questions())


def asks_for_story(question: Question) -> bool:
    """ "Tell me about a time when ...", and not "What would you do if ..."."""
    return _asks(question, "story_wanted") and not _leaves_choice(question)


def _leaves_choice(question: Question) -> bool:
    """ "Which app do you like best?" """
    return _asks(question, "own_choice")


def tells_story(said: Iterable[Sentence]) -> bool:
    """Whether at least twice as much is told as is planned: "I asked" against "I would ask"."""
    past, planned = vocabulary()["past"], vocabulary()["planned"]
    counts = Counter(word for sentence in said for word in sentence.words)
    told = sum(count for word, count in counts.items() if (word.endswith("ed") and len(word) > 4) or word in past)
    return 2 * sum(counts[word] for word in planned) <= told


def _asks(question: Question, phrases: str) -> bool:
    row = f" {' '.join(words(question.question_text))} "
    return any(f" {phrase} " in row for phrase in vocabulary()[phrases])


@lru_cache(maxsize=256)
def _own(question: Question) -> frozenset[str]:
    return frozenset(_stem(word) for word in words(f"{question.question_text} {question.sample_answer or ''}"))


def _may_tell(word: str) -> bool:
    """Whether it is long enough to tell what a text is about, and no figure."""
    return len(word) > 2 and not word[0].isdigit()


def _speaking(said: Iterable[str], own: Set[str]) -> dict[str, float]:
    """What each stem speaks for."""
    found = {}
    for word in said:
        if has_worth(word) or not _may_tell(word):
            continue
        stem = _stem(word)
        in_bank, in_english = _bank()[stem] / _bank().total(), probability(word)
        if stem in own:
            found[stem] = 1.0
        elif in_bank or in_english:
            found[stem] = min(1.0, math.log(1 - BANK_SHARE + BANK_SHARE * in_bank / (in_english or NOT_IN_DICTIONARY)))
    return found


def _merged(parts: Iterable[dict[str, float]]) -> dict[str, float]:
    merged: dict[str, float] = {}
    for part in parts:
        merged |= part
    return merged


@cache
def _bank() -> Counter[str]:
    """In how many questions each stem comes up."""
    found: Counter[str] = Counter()
    for each in questions.questions():
        text = f"{each.question_text} {each.hint} {each.sample_answer}"
        found.update({_stem(word) for word in words(text) if len(word) > 2})
    return found


_ONE_SPELLING = {
    "our": "or",
    "isation": "ization",
    "ise": "ize",
    "ising": "izing",
    "tre": "ter",
    "mme": "m",
    "nce": "nse",
}
"""British to American. Applied to every word, so that it need not be right, only the same."""


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    """Without plural and the commonest endings: bookings, booking and booked are all `book`, city and cities `citi`."""
    for british, american in _ONE_SPELLING.items():
        word = word.replace(british, american)
    for endings in (("s",), ("ing", "ed", "ly"), ("e",)):
        for ending in endings:
            if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
                word = word.removesuffix(ending)
                break
    return word.removesuffix("y") + "i" if word.endswith("y") else word
