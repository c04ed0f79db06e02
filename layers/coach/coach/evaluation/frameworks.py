"""Names of frameworks: which an answer names, and which it might use. Pure."""

from collections.abc import Sequence
from functools import cache

from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, Rubric
from coach.evaluation.text import words
from coach.evaluation.word_lists import word_lists
from coach.model import Question


@cache
def framework_names() -> tuple[tuple[str, ...], ...]:
    """Each as its words."""
    return tuple(tuple(name.rstrip("*").split()) for name in word_lists()["frameworks"])


def frameworks_named(said: Sequence[str]) -> set[tuple[str, ...]]:
    return {name for name in framework_names() if _names(said, name)}


def suggested_framework(graded_by: Rubric, question: Question, answer: str) -> str:
    """A framework that the answer does not name yet, first of those that suit the question, and what to do with it."""
    said = words(answer)
    suitable = sorted(graded_by.frameworks, key=lambda one: one.name not in question.frameworks)
    unused = [one for one in suitable if not _names(said, words(one.name))]
    return str((unused or suitable)[0])[:FRAMEWORK_MAX_CHARS]


def _names(said: Sequence[str], name: Sequence[str]) -> bool:
    return f" {' '.join(name)} " in f" {' '.join(said)} "
