"""The same answer in other clothes gets the same score, and is quoted as it was stored.

Other clothes are what other programs make of a text when it is pasted, and what other writers would: bullets or prose,
the one spelling or the other.
"""

import asyncio
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import cycle
from math import ceil

import pytest

from coach import questions
from coach.evaluation import evaluate
from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import Evaluation
from tests.evals.golden import LADDER, GoldenAnswer, Split, load

ANSWERS = 30
TENTHS = 5
"""What a guess that is wrong may cost: whether a full line goes on cannot always be told."""

_INSIDE_WORD = re.compile(r"(?<=[^\W\d_]{2})(?=[^\W\d_]{2})")
_BULLET = re.compile(r"^(\s*)[-*] +", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*]|\d{1,2}[.)]) +")
_HEADING = re.compile(r"#+ .+|\*\*[^*]+\*\*:?|(?![-*|] )(?:\S+ ){0,3}\S*[^\s.!?,;]|[^.!?]+:")
_DASHES = re.compile(r"[|:\s-]+")
_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z])")
_FULL_WIDTH = {place: place + 0xFEE0 for place in range(0x21, 0x7F) if chr(place).isalnum() or chr(place) == "%"}

IN_ISE = (
    "apolog|author|categor|central|critic|custom|digital|empath|harmon|internal|material|monet|normal|optim|organ|"
    "patron|personal|priorit|real|recogn|revolution|special|standard|summar|synchron|synthes|util|visual"
)
BRITISH_AND_AMERICAN = {
    "analyse": "analyze",
    "behaviour": "behavior",
    "cancelled": "canceled",
    "cancelling": "canceling",
    "candour": "candor",
    "catalogue": "catalog",
    "centimetre": "centimeter",
    "centre": "center",
    "colour": "color",
    "defence": "defense",
    "favour": "favor",
    "favourite": "favorite",
    "grey": "gray",
    "harbour": "harbor",
    "judgement": "judgment",
    "kilometre": "kilometer",
    "labelled": "labeled",
    "labour": "labor",
    "learnt": "learned",
    "licence": "license",
    "litre": "liter",
    "metre": "meter",
    "modelled": "modeled",
    "mum": "mom",
    "neighbour": "neighbor",
    "neighbourhood": "neighborhood",
    "neighbouring": "neighboring",
    "practise": "practice",
    "programme": "program",
    "sceptic": "skeptic",
    "sceptical": "skeptical",
    "theatre": "theater",
    "travelled": "traveled",
    "traveller": "traveler",
    "travelling": "traveling",
}
AMERICAN = BRITISH_AND_AMERICAN | {
    f"{stem}is{ending}": f"{stem}iz{ending}"
    for stem in IN_ISE.split("|")
    for ending in ("e", "ed", "er", "ing", "ation", "ational")
}
BRITISH = {american: british for british, american in AMERICAN.items()}


def inside_words(char: str) -> Callable[[str], str]:
    return lambda text: _INSIDE_WORD.sub(char, text)


def bullets(marker: str) -> Callable[[str], str]:
    return lambda text: _BULLET.sub(rf"\1{marker}", text)


def wrapped(columns: int, line_break: str = "\n") -> Callable[[str], str]:
    def wrap(line: str) -> str:
        if line.startswith("|"):
            return line
        return textwrap.fill(line, columns, break_long_words=False).replace("\n", line_break)

    return lambda text: "\n".join(map(wrap, text.split("\n")))


def curly(text: str) -> str:
    return re.sub(r'"([^"]*)"', r"“\1”", text).replace("'", "’")


def spelt(spellings: Mapping[str, str]) -> Callable[[str], str]:
    word = re.compile(rf"\b({'|'.join(spellings)})(?=s?\b)", re.IGNORECASE)

    def other(match: re.Match[str]) -> str:
        found = spellings[match[0].lower()]
        return found.capitalize() if match[0][0].isupper() else found

    return lambda text: word.sub(other, text)


def one_paragraph(text: str) -> str:
    said = []
    for line in map(str.strip, text.split("\n")):
        item = _ITEM.sub("", line)
        if not line or _DASHES.fullmatch(line):
            continue
        if line.startswith("|"):
            item = ", ".join(cell.strip() for cell in line.strip("|").split("|"))
        elif _HEADING.fullmatch(line):
            item = f"{line.strip('#*: ').replace(': ', ', ')}:"
        said.append(item if item[-1] in ".!?:;," else f"{item}.")
    return " ".join(said)


def each_sentence(marker: str = "") -> Callable[[str], str]:
    """On a line of its own, and as an item of a list where there is a marker for those that are none."""

    def lines(text: str) -> Iterator[str]:
        for line in text.split("\n"):
            item = _ITEM.match(line)
            if not line.strip() or line.startswith("|") or (not item and _HEADING.fullmatch(line.strip())):
                yield line
                continue
            first, *others = _SENTENCE_END.split(line[item.end() :] if item else line)
            yield f"{item[0] if item else marker}{first}"
            yield from (f"{marker}{said}" for said in others)

    return lambda text: "\n".join(lines(text))


def under_headings(text: str) -> str:
    headings = cycle(("Context", "What I would do", "Why", "Risks", "Next steps"))
    return "\n\n".join(f"## {next(headings)}\n\n{paragraph}" for paragraph in text.split("\n\n"))


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
    "Markdown's hard breaks": wrapped(60, "  \n"),
    "one paragraph": one_paragraph,
    "a bullet for each sentence": each_sentence("- "),
    "a line for each sentence": each_sentence(),
    "under headings": under_headings,
    "spelt as in America": spelt(AMERICAN),
    "spelt as in Britain": spelt(BRITISH),
    "capitals": str.upper,
    "small letters": str.lower,
}


def graded(answer: GoldenAnswer, text: str) -> Evaluation:
    return asyncio.run(evaluate(OfflineEvaluator(), questions.question(answer.question_id), text))


@cache
def honest_answers() -> tuple[GoldenAnswer, ...]:
    return tuple(answer for answer in load() if answer.split is Split.BUILD and answer.level in LADDER)


@cache
def as_written(answer: GoldenAnswer) -> int:
    return graded(answer, answer.text).overall


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_moves_no_score_and_hides_no_quote(disguise: str) -> None:
    dressed = [
        (answer, text) for answer in honest_answers() if (text := DISGUISES[disguise](answer.text)) != answer.text
    ]
    one_in = ceil(len(dressed) / ANSWERS)
    assert dressed
    moved, lost = [], []
    for answer, text in dressed[list(DISGUISES).index(disguise) % one_in :: one_in]:
        made = graded(answer, text)
        if abs(made.overall - as_written(answer)) > TENTHS:
            moved.append((answer.name, as_written(answer), made.overall))
        quotes = [quote for criterion in made.criteria for quote in criterion.evidence]
        lost += [quote for quote in quotes if quote not in text]

    assert moved == []
    assert lost == []
