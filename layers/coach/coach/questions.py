"""The question bank: Markdown files under `bank/`, one folder per category, one file per question.

    bank/product_design/0001-parking-app-for-malls.md

    +++
    id = 1
    subcategory = "Mobile App Design"
    difficulty = "medium"
    frameworks = ["CIRCLES", "Design Thinking"]
    source = "PM Interview Coach"
    created_at = 2026-11-21T09:00:00Z
    +++

    # Question

    ## Hint

    ## Sample answer

The folder's name is the category and the file's name starts with the id, in at least four digits, so that one question
is found by name and no other file is read. Texts are served as written: a line break in the file is one in the answer.
"""

import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from coach.errors import NotFound
from coach.model import Category, Difficulty, Question

BANK = Path(__file__).parent / "bank"

NAME_MAX_CHARS = 100
QUESTION_MIN_CHARS = 10

_FILE_NAME = re.compile(r"([0-9]{4,})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
HEADING = re.compile(r"##? .*")
"""A line that begins a section; none of a text may look like it."""

_SECTIONS = {"# Question": "question_text", "## Hint": "hint", "## Sample answer": "sample_answer"}
_OPTIONAL = {"updated_at"}


class BankError(Exception):
    """Question files that cannot be used; `mistakes` has one "path:line: message" for each thing to correct."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def question(question_id: int) -> Question:
    """One question; reads its file and no other. Raises NotFound."""
    path = _paths(BANK).get(question_id)
    if path is None:
        raise NotFound("Question not found")
    return _load(path)


def exists(question_id: int) -> bool:
    """Whether the bank has it, told from the file names alone."""
    return question_id in _paths(BANK)


def counts() -> dict[Category, int]:
    """How many questions each category has, told from the file names alone."""
    folders = Counter(path.parent.name for path in _paths(BANK).values())
    return {category: folders[category] for category in Category}


def questions(category: Category | None = None, difficulty: Difficulty | None = None) -> tuple[Question, ...]:
    """The bank, or the part of it that matches, in id order."""
    return tuple(
        each for each in _load_bank(BANK) if category in (None, each.category) and difficulty in (None, each.difficulty)
    )


def validate(folder: Path) -> tuple[Question, ...]:
    """Every question under `folder`, in id order. Raises BankError with every mistake in every file, or has none."""
    mistakes: list[str] = []
    found: list[Question] = []
    first_with_id: dict[int, Path] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and not each.name.startswith(".")):
        if path.parent.parent != folder:
            mistakes.append(f"{path}:1: not in a category's folder: a question is {folder}/<category>/<id>-<words>.md")
            continue
        page = _Page(path)
        question_id = page.fields.get("id")
        if question_id is not None:
            first = first_with_id.setdefault(question_id, path)
            if first != path:
                page.wrong(page.line_of("id"), f"duplicate id {question_id}: {first} has it too")
        if page.mistakes:
            mistakes.extend(page.report())
        else:
            found.append(page.question())
    if not found and not mistakes:
        mistakes.append(f"{folder}:1: no questions here")
    if mistakes:
        raise BankError(mistakes)
    return tuple(sorted(found, key=lambda each: each.id))


@cache
def _paths(folder: Path) -> dict[int, Path]:
    """Question id to file, from the names. Making a path of each would take three times as long, at every start."""
    return {
        int(name[1]): category / each
        for category in folder.iterdir()
        if category.is_dir()
        for each in os.listdir(category)  # noqa: PTH208
        if (name := _FILE_NAME.fullmatch(each))
    }


@cache
def _load(path: Path) -> Question:
    page = _Page(path)
    if page.mistakes:
        raise BankError(page.report())
    return page.question()


@cache
def _load_bank(folder: Path) -> tuple[Question, ...]:
    return validate(folder)


class _Page:
    """One file as read: the values that hold, and the mistakes with their lines. Line 1 stands for the whole file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mistakes: list[tuple[int, str]] = []
        self.fields: dict[str, Any] = {}
        self._lines = [line.rstrip() for line in self._text().split("\n")]
        self._closing = self._end_of_front_matter()
        self._read_folder()
        if self._closing:
            self._read_front_matter()
            self._read_sections()
        self._read_name()

    def wrong(self, line: int, message: str) -> None:
        self.mistakes.append((line, message))

    def report(self) -> list[str]:
        return [f"{self.path}:{line}: {message}" for line, message in sorted(self.mistakes)]

    def question(self) -> Question:
        return Question(**{"updated_at": None, **self.fields})

    def line_of(self, key: str) -> int:
        """The line that sets a key of the front matter."""
        assignment = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
        numbered = enumerate(self._lines[: self._closing], start=1)
        return next((number for number, line in numbered if assignment.match(line)), 1)

    def _text(self) -> str:
        content = self.path.read_bytes()
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            self.wrong(content.count(b"\n", 0, error.start) + 1, "not UTF-8")
            return ""

    def _end_of_front_matter(self) -> int:
        """The number of its closing line, or 0."""
        if self.mistakes:
            return 0
        if self._lines[:1] != ["+++"]:
            self.wrong(1, "the first line is not +++")
            return 0
        if "+++" not in self._lines[1:]:
            self.wrong(1, "no second +++ line ends the front matter")
            return 0
        return self._lines.index("+++", 1) + 1

    def _read_folder(self) -> None:
        folder = self.path.parent.name
        if folder in set(Category):
            self.fields["category"] = Category(folder)
        else:
            self.wrong(1, f"unknown folder {folder!r}: expected one of {', '.join(Category)}")

    def _read_name(self) -> None:
        name = _FILE_NAME.fullmatch(self.path.name)
        question_id = self.fields.get("id")
        if name is None:
            self.wrong(
                1, "the file name is not four digits and lower-case words with hyphens, as in 0001-some-words.md"
            )
        elif question_id is not None and name[1] != f"{question_id:04}":
            self.wrong(self.line_of("id"), f"id is {question_id}, but the file name starts with {name[1]}")

    def _read_front_matter(self) -> None:
        try:
            front = tomllib.loads("".join(f"{line}\n" for line in self._lines[1 : self._closing - 1]))
        except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
            message, _, place = str(error).partition(" (at ")
            line = re.match(r"line (\d+)", place)
            self.wrong(int(line[1]) + 1 if line else self._closing, f"not TOML: {message}")
            return
        for key in front.keys() - FIELDS.keys():
            self.wrong(self.line_of(key), f"unknown key {key!r}: expected one of {', '.join(FIELDS)}")
        for key, check in FIELDS.items():
            if key in front:
                try:
                    self.fields[key] = check(front[key])
                except ValueError as error:
                    self.wrong(self.line_of(key), f"{key} {error}")
            elif key not in _OPTIONAL:
                self.wrong(1, f"missing key {key!r}")

    def _read_sections(self) -> None:
        body = list(enumerate(self._lines[self._closing :], start=self._closing + 1))
        headings = [(number, line) for number, line in body if HEADING.fullmatch(line)]
        ends = [number - 1 for number, _ in headings[1:]] + [len(self._lines)]
        before = [number for number, line in body if line and (not headings or number < headings[0][0])]
        if before:
            self.wrong(before[0], "text before the first section")
        seen = set()
        for (number, heading), end in zip(headings, ends, strict=False):
            if heading not in _SECTIONS:
                self.wrong(number, f"unknown section {heading!r}: expected one of {', '.join(_SECTIONS)}")
            elif heading in seen:
                self.wrong(number, f"section {heading!r} is there twice")
            else:
                self._read_section(number, heading, "\n".join(self._lines[number:end]).strip())
            seen.add(heading)
        for heading in _SECTIONS.keys() - seen:
            self.wrong(1, f"missing section {heading!r}")

    def _read_section(self, number: int, heading: str, text: str) -> None:
        name = _SECTIONS[heading]
        if not text:
            self.wrong(number, f"section {heading!r} is empty")
        elif name == "question_text" and len(text) < QUESTION_MIN_CHARS:
            self.wrong(number, f"the question has {len(text)} characters, at least {QUESTION_MIN_CHARS} are needed")
        self.fields[name] = text


def _id(value: object) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("must be a whole number from 1")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    if len(value) > NAME_MAX_CHARS:
        raise ValueError(f"has {len(value)} characters, at most {NAME_MAX_CHARS} are allowed")
    return value


def _difficulty(value: object) -> Difficulty:
    if not isinstance(value, str) or value not in set(Difficulty):
        raise ValueError(f"must be one of {', '.join(Difficulty)}")
    return Difficulty(value)


def _frameworks(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each.strip() for each in value):
        raise ValueError("must be a list of names that is not empty")
    if len(set(value)) < len(value):
        raise ValueError("names a framework twice")
    return tuple(value)


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("must be a date and time with its offset from UTC, as in 2026-11-21T09:00:00Z")
    return value.astimezone(UTC)


FIELDS: dict[str, Callable[[object], Any]] = {
    "id": _id,
    "subcategory": _name,
    "difficulty": _difficulty,
    "frameworks": _frameworks,
    "source": _name,
    "created_at": _moment,
    "updated_at": _moment,
}
"""What the front matter holds: each returns the value of its key, or raises ValueError with what is wrong about it."""
