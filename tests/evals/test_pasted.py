"""An answer gets the same scores whichever program it was pasted from, and is quoted as it was stored."""

import asyncio
import re
import textwrap
from collections.abc import Callable
from functools import cache

import pytest

from coach import questions
from coach.evaluation import evaluate
from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import Evaluation
from tests.evals.golden import GoldenAnswer, Split, load

ONE_IN = 14
TENTHS = 5
"""What a guess that is wrong may cost: whether a full line goes on cannot always be told."""

_INSIDE_WORD = re.compile(r"(?<=[^\W\d_]{2})(?=[^\W\d_]{2})")
_BULLET = re.compile(r"^(\s*)[-*] +", re.MULTILINE)
_FULL_WIDTH = {place: place + 0xFEE0 for place in range(0x21, 0x7F) if chr(place).isalnum() or chr(place) == "%"}


def inside_words(char: str) -> Callable[[str], str]:
    return lambda text: _INSIDE_WORD.sub(char, text)


def bullets(marker: str) -> Callable[[str], str]:
    return lambda text: _BULLET.sub(rf"\1{marker}", text)


def wrapped(columns: int) -> Callable[[str], str]:
    def wrap(line: str) -> str:
        return line if line.startswith("|") else textwrap.fill(line, columns, break_long_words=False)

    return lambda text: "\n".join(map(wrap, text.split("\n")))


def curly(text: str) -> str:
    return re.sub(r'"([^"]*)"', r"“\1”", text).replace("'", "’")


DISGUISES: dict[str, Callable[[str], str]] = {
    "soft hyphens": inside_words("\u00ad"),
    "joiners": inside_words("\u200d"),
    "mail of 72 columns": wrapped(72),
    "PDF of 40 columns": wrapped(40),
    "form with CR LF": lambda text: wrapped(72)(text).replace("\n", "\r\n"),
    "Word's o": bullets("o\t"),
    "Word's private bullet": bullets("\uf0b7\t"),
    "middle dots": bullets("·   "),
    "curly quotes": curly,
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "ligatures": lambda text: text.replace("fi", "ﬁ").replace("fl", "ﬂ"),
    "full width": lambda text: text.translate(_FULL_WIDTH),
}


@cache
def sample() -> tuple[GoldenAnswer, ...]:
    return tuple(answer for answer in load() if answer.split is Split.BUILD)[::ONE_IN]


def graded(answer: GoldenAnswer, text: str) -> Evaluation:
    return asyncio.run(evaluate(OfflineEvaluator(), questions.question(answer.question_id), text))


@cache
def as_written() -> dict[str, int]:
    return {answer.name: graded(answer, answer.text).overall for answer in sample()}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_moves_no_score_and_hides_no_quote(disguise: str) -> None:
    moved, lost = [], []
    for answer in sample():
        text = DISGUISES[disguise](answer.text)
        made = graded(answer, text)
        if abs(made.overall - as_written()[answer.name]) > TENTHS:
            moved.append((answer.name, as_written()[answer.name], made.overall))
        quotes = [quote for criterion in made.criteria for quote in criterion.evidence]
        lost += [quote for quote in quotes if quote not in text]

    assert moved == []
    assert lost == []
