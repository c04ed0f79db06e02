"""What the offline evaluator sees in an answer, before it scores anything. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from coach.evaluation.offline.asides import without_asides
from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.english import FOREIGN_SHARE, UNKNOWN_SHARE_MAX, unknown_share
from coach.evaluation.offline.specificity import worths
from coach.evaluation.offline.topic import asks_for_story, is_about, relevances, share, tells_story
from coach.evaluation.scoring import quoted
from coach.evaluation.text import Sentence, Source, as_meant, sentences, words
from coach.model import FollowUp, Question

CONTEXT_WORDS = 30
"""A sentence is as specific as its words and so many more of the answer's mean."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an answer deserves no score above `most`, whatever else it says."""

    reason: str
    most: float


NOT_ENGLISH = Doubt("The offline evaluator reads English only: answer in English, or have Claude grade.", 1.5)
NO_WORDS = Doubt("Much of this does not read as English: write whole sentences in known words.", 1.5)
NO_STORY = Doubt("The question asks for something that you did: tell what happened, and what you did about it.", 2.5)
NOT_ABOUT = Doubt(
    "Hardly anything that the question is about comes up: speak of its people, its places and its figures.", 2.5
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A sentence as the answer has it, its words in a row, and how specific it is in its context."""

    quote: str
    row: str
    specificity: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer.

    `sentences` are those that may be shown, none where it is no English; `unrelated` are those that earn nothing
    because they are about something else, the least related first; `left_out` counts those to the grader.
    """

    specificity: float
    sentences: tuple[Shown, ...]
    unrelated: tuple[str, ...]
    left_out: int
    doubt: Doubt | None


def read(question: Question, answers: Sequence[str], follow_up: FollowUp | None = None) -> list[Reading]:
    """Every answer after those that it follows: what was said before is no news, and is part of the subject."""
    probes = [turn.asked for turn in follow_up.earlier] + [follow_up.probe] if follow_up else [None]
    readings: list[Reading] = []
    before: set[tuple[str, ...]] = set()
    context = question.question_text
    asked = words(context)
    for answer, probe in zip(answers, probes, strict=True):
        if probe:
            context += f" {probe.question}"
        written = as_meant(answer)
        spoken = sentences(without_asides(written, asked))
        said = [sentence for sentence in spoken if sentence.words not in before]
        known = words(context)
        related = relevances(question, said, known)
        doubt = _not_english(written, said) or (None if probe else _no_answer(question, said, related))
        left_out = len(sentences(written)) - len(spoken)
        readings.append(_reading(Source(answer), said, related, known, left_out, doubt))
        before |= {sentence.words for sentence in said}
        context += f" {answer}"
    return readings


def _reading(
    source: Source, said: list[Sentence], related: list[float], known: list[str], left_out: int, doubt: Doubt | None
) -> Reading:
    """`related` is the relevance of each sentence. `known` are the words that were asked or said before: they say
    nothing that is particular to this answer."""
    shrugs = vocabulary()["shrug"]
    worth = [
        each.unearned if any(f" {phrase} " in f" {' '.join(sentence.words)} " for phrase in shrugs) else each
        for sentence, each in zip(said, worths((sentence.words for sentence in said), known), strict=True)
    ]
    # What is hollow counts whatever it is about: it earns nothing.
    shares = [share(relevance) if each.total > 0 else 1.0 for relevance, each in zip(related, worth, strict=True)]
    counted = sum(part * each.count for part, each in zip(shares, worth, strict=True))
    earned = sum(part * each.total for part, each in zip(shares, worth, strict=True))
    half = sum(each.count for each in worth) / 2
    specificity = earned / max(counted, half, 1)
    unrelated = [
        (relevance, sentence.text) for relevance, sentence, part in zip(related, said, shares, strict=True) if part == 0
    ]
    if earned <= 0 and sum(each.count for part, each in zip(shares, worth, strict=True) if part == 0) > half:
        doubt = doubt or NOT_ABOUT
    english = doubt not in (NOT_ENGLISH, NO_WORDS)
    return Reading(
        specificity=specificity,
        sentences=tuple(
            Shown(quote, " ".join(sentence.words), each.in_context(specificity, CONTEXT_WORDS))
            for sentence, each, part in zip(said, worth, shares, strict=True)
            if english and part and not sentence.asks and (quote := quoted(sentence.text, [source]))
        ),
        unrelated=tuple(text for _, text in sorted(unrelated)),
        left_out=left_out,
        doubt=doubt,
    )


def _not_english(written: str, said: Sequence[Sentence]) -> Doubt | None:
    if unknown_share(words(written)) > FOREIGN_SHARE:
        return NOT_ENGLISH
    unknown = unknown_share(word for sentence in said for word in sentence.words)
    return NO_WORDS if unknown > UNKNOWN_SHARE_MAX else None


def _no_answer(question: Question, said: Sequence[Sentence], related: Sequence[float]) -> Doubt | None:
    if asks_for_story(question) and not tells_story(said):
        return NO_STORY
    # A digression makes no other answer of the rest.
    rest = (sentence for sentence, relevance in zip(said, related, strict=True) if share(relevance) > 0)
    return None if is_about(question, rest) else NOT_ABOUT
