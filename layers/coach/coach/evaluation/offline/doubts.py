"""Why an answer deserves no high score, whatever else it says: it is no English, or not what was asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.english import FOREIGN_SHARE, UNKNOWN_SHARE_MAX, in_usual_order, unknown_share
from coach.evaluation.offline.topic import is_about, other_kind
from coach.evaluation.text import Sentence, words
from coach.model import Question

OWN_ACTIONS_OF_A_STORY = 3
STORY_SHARE = 0.3
OFF_TOPIC_CAP = 25
NO_ENGLISH_CAP = 15

_STATES = frozenset({"am", "was", "were", "need", "feel", "felt"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why no score above `cap` (in tenths) is deserved, whatever else an answer says."""

    cap: int
    advice: str


def doubt_about(question: Question, written: str, answer: str, said: list[Sentence]) -> Doubt | None:
    """What to hold against an answer, or None. `answer` is what was `written` without asides, `said` its sentences."""
    if unknown_share(words(written)) > FOREIGN_SHARE:
        return Doubt(
            NO_ENGLISH_CAP, "The offline evaluator reads English only: answer in English, or have Claude grade."
        )
    if unknown_share(words(answer)) > UNKNOWN_SHARE_MAX or not in_usual_order(sentence.words for sentence in said):
        return Doubt(NO_ENGLISH_CAP, "Much of this does not read as English: write whole sentences in known words.")
    told = sum(own_action(sentence.words) for sentence in said)
    if asks_for_story(question):
        if told < OWN_ACTIONS_OF_A_STORY and other_kind(question.category, answer, doubtful=True):
            return Doubt(OFF_TOPIC_CAP, "The question asks for something you did: hardly an action of yours comes up.")
        return None
    is_open = contains(words(question.question_text), vocabulary()["own_choice"])
    if told > STORY_SHARE * len(said) or not (is_open or is_about(question, answer)):
        return Doubt(OFF_TOPIC_CAP, "This does not seem to answer the question: hardly anything it is about comes up.")
    if other := other_kind(question.category, answer, doubtful=is_open):
        advice = f"This reads like an answer to a question of {other.label}; this one is of {question.category.label}."
        return Doubt(OFF_TOPIC_CAP, advice)
    return None


def own_action(said: Sequence[str]) -> bool:
    """ "I asked", "I then wrote": the first person, and a verb of doing in the past."""
    irregular, no_action = vocabulary()["irregular_past"], vocabulary()["no_action"]
    return any(
        (verb.endswith("ed") or verb in irregular) and verb not in no_action
        for place, subject in enumerate(said)
        if subject == "i" and _STATES.isdisjoint(said[place + 1 : place + 2])
        for verb in said[place + 1 : place + 3]
    )


def asks_for_story(question: Question) -> bool:
    """ "Tell me about a time when ...", and not "What would you do if ..."."""
    return contains(words(question.question_text), vocabulary()["story_wanted"])


def contains(said: Sequence[str], phrases: Iterable[str]) -> bool:
    row = f" {' '.join(said)} "
    return any(f" {phrase} " in row for phrase in phrases)
