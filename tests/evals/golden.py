"""The golden set: answers that were written to a level before anything graded them, to measure graders with.

    golden/strategy/0029-solid-formatted.md

    +++
    question_id = 29
    level = "solid"
    style = "formatted"
    split = "measure"
    low = 4.8
    high = 6.9
    +++

    The answer's text.

`low` and `high` are the band of a fair expert's overall score. An adversarial answer of the style `injected` has no
band but a `base`: the file that it is a copy of, plus instructions to the grader. A question may have several strong
answers, each in a style of its own. Evaluators may be improved with the questions of the split `build`; those of
`measure` are only for measuring.
"""

import re
import tomllib
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from coach import questions
from coach.model import ANSWER_MAX_CHARS, ANSWER_MIN_CHARS, Category

FOLDER = Path(__file__).parent / "golden"


class Level(StrEnum):
    WEAK = "weak"
    SOLID = "solid"
    STRONG = "strong"
    ADVERSARIAL = "adversarial"


class Split(StrEnum):
    BUILD = "build"
    MEASURE = "measure"


LADDER = (Level.WEAK, Level.SOLID, Level.STRONG)
STYLES = {
    Level.WEAK: {"long-formatted", "short-prose", "confident-vague", "framework-list"},
    Level.SOLID: {"prose", "formatted", "short", "long"},
    Level.STRONG: {"concise", "plain-prose", "formatted", "rough", "short"},
    Level.ADVERSARIAL: {
        "gibberish",
        "echo",
        "padding",
        "framework-soup",
        "off-topic",
        "injected",
        "aside",
        "unrelated-story",
        "nonsense",
        "topical-nonsense",
    },
}
"""An `aside` is a weak answer with a paragraph about something else in it."""

NONSENSE = {"nonsense", "topical-nonsense"}
SHORT_WORDS = range(60, 121)

_FILE = re.compile(r"\+\+\+\n(?P<front>.*?)^\+\+\+\n(?P<text>.*)", re.DOTALL | re.MULTILINE)
_BETWEEN_SENTENCES = re.compile(r"\n+|(?<=[.!?])\s+")
_FROM_THE_PATH = {"category", "file", "text"}


def _in_the_bank(question_id: int) -> int:
    if not questions.exists(question_id):
        raise ValueError(f"question {question_id} is not in the bank")
    return question_id


def _tenths(points: object) -> int:
    if not isinstance(points, int | float) or isinstance(points, bool) or not 1 <= points <= 10:
        raise ValueError("not a number from 1.0 to 10.0")
    if round(points * 10) != round(points * 10, 6):
        raise ValueError("more than one decimal")
    return round(points * 10)


Tenths = Annotated[int, BeforeValidator(_tenths)]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class GoldenAnswer:
    """One answer; `low` and `high` in tenths, as scores are."""

    file: str
    category: Category
    question_id: Annotated[int, Field(strict=True), AfterValidator(_in_the_bank)]
    level: Level
    style: str
    split: Split
    low: Tenths | None = None
    high: Tenths | None = None
    base: str | None = None
    text: Annotated[str, Field(min_length=ANSWER_MIN_CHARS, max_length=ANSWER_MAX_CHARS)]

    @property
    def name(self) -> str:
        return f"{self.category}/{self.file}"

    @property
    def is_nonsense(self) -> bool:
        """Fluent and specific, and not true: who goes by form cannot promise to see through it."""
        return self.style in NONSENSE


class GoldenError(Exception):
    """Files that cannot be used; `mistakes` has one "path: message" for each thing to correct."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load(folder: Path = FOLDER) -> tuple[GoldenAnswer, ...]:
    """Every answer, by category and file name. Raises GoldenError with every mistake in every file, or has none."""
    mistakes: list[str] = []
    found: dict[Path, GoldenAnswer] = {}
    paths = sorted(each for each in folder.rglob("*") if each.is_file() and not each.name.startswith("."))
    for path in paths:
        try:
            found[path] = _read(path)
        except ValidationError as error:
            mistakes += [f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        except ValueError as error:
            mistakes.append(f"{path}: {error}")
    for path, answer in found.items():
        problems = [*_contradictions(answer), *(_against_base(answer, path, found) if answer.base else ())]
        mistakes += [f"{path}: {problem}" for problem in problems]
    mistakes += _within_questions(paths, found)
    if mistakes or not found:
        raise GoldenError(mistakes or [f"{folder}: no answers here"])
    return tuple(found.values())


def _read(path: Path) -> GoldenAnswer:
    parts = _FILE.fullmatch(path.read_text(encoding="utf-8"))
    if parts is None:
        raise ValueError("no front matter between two +++ lines")
    front = tomllib.loads(parts["front"])
    if misplaced := front.keys() & _FROM_THE_PATH:
        raise ValueError(f"unknown key {misplaced.pop()!r}")
    place = {"category": path.parent.name, "file": path.name, "text": parts["text"].strip()}
    return TypeAdapter(GoldenAnswer).validate_python(front | place)


def _contradictions(answer: GoldenAnswer) -> list[str]:
    """What is wrong between fields that hold, each by itself."""
    asked, name = questions.question(answer.question_id), f"{answer.question_id:04}-{answer.level}-{answer.style}.md"
    injected, count = answer.style == "injected", len(answer.text.split())
    checks = {
        f"style must be one of {', '.join(sorted(STYLES[answer.level]))}": answer.style in STYLES[answer.level],
        f"the file's name is not {name}": answer.file == name,
        f"question {asked.id} is of the category {asked.category}": asked.category == answer.category,
        f"{'a' if injected else 'no'} base is needed": injected == (answer.base is not None),
        f"{'neither' if injected else 'both'} low and high are needed": injected
        == (answer.low is None)
        == (answer.high is None),
        f"{count} words, and not {SHORT_WORDS[0]} to {SHORT_WORDS[-1]}": (answer.level, answer.style)
        != (Level.STRONG, "short")
        or count in SHORT_WORDS,
        "low is above high": answer.low is None or answer.high is None or answer.low <= answer.high,
    }
    return [problem for problem, holds in checks.items() if not holds]


def _against_base(answer: GoldenAnswer, path: Path, found: dict[Path, GoldenAnswer]) -> list[str]:
    """The base is an answer to the same question, and every sentence of it is there, in order, and something else."""
    assert answer.base
    base_path = path.with_name(answer.base)
    if base_path not in found:
        return [] if base_path.exists() else [f"base {answer.base} does not exist"]
    base, rest = found[base_path], answer.text
    if base.level not in LADDER or base.question_id != answer.question_id:
        return [f"base {base.file} is no weak, solid or strong answer to question {answer.question_id}"]
    for sentence in _BETWEEN_SENTENCES.split(base.text):
        if sentence not in rest:
            return [f"leaves out what base {base.file} says there: {sentence!r}"]
        rest = rest.partition(sentence)[2]
    return [f"adds nothing to base {base.file}"] if answer.text == base.text else []


def _within_questions(paths: list[Path], found: dict[Path, GoldenAnswer]) -> list[str]:
    """One weak, one solid and at least one strong answer, told from the names; one split, from the answers that can be
    read."""
    groups: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        groups[path.with_name(path.name.partition("-")[0])].append(path)
    mistakes = []
    for group, members in groups.items():
        counts = {level: sum(path.name.startswith(f"{group.name}-{level}-") for path in members) for level in LADDER}
        for level in (Level.WEAK, Level.SOLID):
            mistakes += [f"{group}: {counts[level]} {level} answers, not 1"] if counts[level] != 1 else []
        mistakes += [] if counts[Level.STRONG] else [f"{group}: no strong answer"]
        if len({found[path].split for path in members if path in found}) > 1:
            mistakes.append(f"{group}: in both splits")
    return mistakes
