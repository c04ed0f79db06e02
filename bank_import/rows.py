"""The columns of the table, and what each row says."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter

from bank_import import Refused, told
from bank_import.cells import Cell, Line
from bank_import.question_files import (
    ID_MAX,
    NAME_MAX_CHARS,
    QUESTION_MIN_CHARS,
    Frameworks,
    Name,
    QuestionText,
    Text,
    letters_of,
)
from coach import questions
from coach.model import Category, Difficulty, Question

COLUMNS = {
    "id": "a number that no question has yet; without one (or without the column) the next free number",
    "category": ", ".join(Category),
    "subcategory": f"a name of at most {NAME_MAX_CHARS} characters",
    "difficulty": f"{', '.join(Difficulty)}; {Difficulty.MEDIUM} when the cell is empty",
    "question_text": f"at least {QUESTION_MIN_CHARS} characters",
    "frameworks": "one name or more, separated by ;",
    "hint": "a text",
    "sample_answer": "a text; no line may begin with # or ## and a space, or be +++",
    "source": f"where it comes from: at most {NAME_MAX_CHARS} characters",
}
OPTIONAL = {"id"}

_BREAKING = re.compile(rf"{questions.HEADING.pattern}|\+\+\+")
_TEXTS = {"question_text", "hint", "sample_answer"}


class WrongHeader(Refused):
    """The first row does not name the columns."""


@dataclass
class Taken:
    """Who has an id or asks a question already: the place, by id and by the question's letters."""

    ids: dict[int, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as its row has it."""

    place: str
    fields: Mapping[str, Any]

    def question(self, question_id: int, now: datetime) -> Question:
        return Question(**{**self.fields, "id": question_id, "created_at": now, "updated_at": None})


def layout() -> str:
    """The columns, for people."""
    width = max(map(len, COLUMNS))
    return "\n".join(f"  {name:{width}}  {meaning}" for name, meaning in COLUMNS.items())


def drafts(lines: list[Line], name: str, taken: Taken) -> list[Draft]:
    """What the rows say below the header, which is the first that is not empty. `name`: the file's.

    Raises Refused with every mistake in every row, or has none.
    """
    if not lines:
        raise WrongHeader(f"{name}: nothing in it")
    header, *body = lines
    columns = _columns(header)
    if not body:
        raise Refused(f"{name}: no question below the header")
    mistakes: list[str] = []
    found: list[Draft] = []
    for line in body:
        cells = line + [Cell(line[0].place, "")] * (len(header) - len(line))
        fields: dict[str, Any] = {}
        for at, cell in enumerate(cells):
            if at in columns:
                try:
                    fields[columns[at]] = _value(columns[at], cell, taken)
                except ValueError as error:
                    mistakes += told(f"{cell.place}: {columns[at]}", error)
            elif cell.text.strip() or cell.mistake:
                mistakes.append(f"{cell.place}: {cell.text.strip()[:40]!r} is below no column's name")
        found.append(Draft(line[0].place, fields))
    if mistakes:
        raise Refused(*mistakes)
    return found


def _columns(header: Line) -> dict[int, str]:
    """Which column is where."""
    mistakes: list[str] = []
    found: dict[int, str] = {}
    for at, cell in enumerate(header):
        column = cell.text.strip().lower()
        if cell.mistake:
            mistakes.append(f"{cell.place}: {cell.mistake}")
        if column in found.values():
            mistakes.append(f"{cell.place}: column {column!r} is there twice")
        elif column in COLUMNS:
            found[at] = column
        elif column:
            mistakes.append(f"{cell.place}: unknown column {cell.text.strip()[:40]!r}")
    place = header[0].place.partition(", cell ")[0]
    missing = [column for column in COLUMNS if column not in OPTIONAL and column not in found.values()]
    mistakes += [f"{place}: missing column {column!r}" for column in missing]
    if mistakes:
        raise WrongHeader(*mistakes)
    return found


def numbered(found: list[Draft], taken: Taken, now: datetime) -> list[tuple[Draft, Question]]:
    """The questions with their ids: those given, or else the next after the bank's last.

    A gap is not filled: a question that was taken out of the bank is still remembered by those who answered it.
    """
    given = {draft.fields["id"] for draft in found if draft.fields.get("id") is not None}
    last = max((each for each in taken.ids if each not in given), default=0)
    free = (each for each in count(last + 1) if each not in given)
    return [(draft, draft.question(draft.fields.get("id") or next(free), now)) for draft in found]


def as_loaded(text: str) -> str:
    """A text as the bank's loader gives it back: lines end with \\n and nothing before it, nothing stands around."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def _value(column: str, cell: Cell, taken: Taken) -> Any:
    """What a cell says. Raises ValueError; what it says is taken from then on."""
    if cell.mistake:
        raise ValueError(cell.mistake)
    text = as_loaded(cell.text)
    if not text and column not in ("id", "difficulty"):
        raise ValueError("is empty")
    for number, line in enumerate(text.split("\n"), 1):
        strange = [each for each in line if unicodedata.category(each) in ("Cc", "Cs") and each != "\t"]
        if strange:
            raise ValueError(f"line {number} has a character that is no text: {strange[0]!r}")
        if number > 1 and column not in _TEXTS:
            raise ValueError("has more than one line")
        if column in _TEXTS and _BREAKING.fullmatch(line):
            raise ValueError(f"line {number} would end the section in the bank's file: {line[:40]!r}; ### would not")
    value = _VALUES[column].validate_python(text)
    if column == "id" and value is not None:
        _claim(taken.ids, value, cell.place, f"{value} is taken")
    if column == "question_text":
        _claim(taken.questions, letters_of(text), cell.place, "the same question is there already")
    return value


def _claim(taken: dict[Any, str], what: Any, place: str, refusal: str) -> None:
    first = taken.setdefault(what, place)
    if first != place:
        raise ValueError(f"{refusal}: {first}")


def _number(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) < 1:
        raise ValueError(f"must be a whole number from 1 to {ID_MAX}, or empty")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(";") if name.strip())


_VALUES: dict[str, TypeAdapter[Any]] = {
    "id": TypeAdapter(Annotated[int | None, BeforeValidator(_number)]),
    "category": TypeAdapter(Annotated[Category, BeforeValidator(lambda text: re.sub("[ -]", "_", text.lower()))]),
    "subcategory": TypeAdapter(Name),
    "difficulty": TypeAdapter(Annotated[Difficulty, BeforeValidator(lambda text: text.lower() or Difficulty.MEDIUM)]),
    "question_text": TypeAdapter(QuestionText),
    "frameworks": TypeAdapter(Annotated[Frameworks, BeforeValidator(_names)]),
    "hint": TypeAdapter(Text),
    "sample_answer": TypeAdapter(Text),
    "source": TypeAdapter(Name),
}
