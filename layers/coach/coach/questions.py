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

The files are trusted here. `make check` names every mistake in them (bank_import/question_files.py).
"""

import os
import re
import tomllib
from collections import Counter
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from coach.errors import NotFound
from coach.model import Category, Difficulty, Question

BANK = Path(__file__).parent / "bank"

FILE_NAME = re.compile(r"([0-9]{4,})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
HEADING = re.compile(r"^(##? .*)$", re.MULTILINE)
"""A line that begins a section; none of a text may look like it."""

_PAGE = re.compile(r"\+\+\+(\n.*?)^\+\+\+$(.*)", re.MULTILINE | re.DOTALL)


def question(question_id: int) -> Question:
    """One question; reads its file and no other. Raises NotFound."""
    path = _paths(BANK).get(question_id)
    if path is None:
        raise NotFound("Question not found")
    return _load(path)


def exists(question_id: int) -> bool:
    """Whether the bank has it, told from the file names alone."""
    return question_id in _paths(BANK)


def category(question_id: int) -> Category:
    """A question's category, told from the file names alone. Raises NotFound."""
    path = _paths(BANK).get(question_id)
    if path is None:
        raise NotFound("Question not found")
    return Category(path.parent.name)


def counts() -> dict[Category, int]:
    """How many questions each category has, told from the file names alone."""
    folders = Counter(path.parent.name for path in _paths(BANK).values())
    return {category: folders[category] for category in Category}


def questions(category: Category | None = None, difficulty: Difficulty | None = None) -> tuple[Question, ...]:
    """The bank, or the part of it that matches, in id order."""
    found = (_load(path) for _, path in sorted(_paths(BANK).items()))
    return tuple(each for each in found if category in (None, each.category) and difficulty in (None, each.difficulty))


def read(path: Path) -> Question:
    """The question in a file."""
    front, _, sections = take_apart(path.read_text(encoding="utf-8"))
    texts = dict(sections)
    updated_at = front.get("updated_at")
    return Question(
        id=front["id"],
        category=Category(path.parent.name),
        subcategory=front["subcategory"],
        difficulty=Difficulty(front["difficulty"]),
        question_text=texts["# Question"],
        source=front["source"],
        frameworks=tuple(front["frameworks"]),
        hint=texts["## Hint"],
        sample_answer=texts["## Sample answer"],
        created_at=front["created_at"].astimezone(UTC),
        updated_at=updated_at and updated_at.astimezone(UTC),
    )


def take_apart(text: str) -> tuple[dict[str, Any], str, list[tuple[str, str]]]:
    """The front matter, the text before the first section, and each section's heading and text.

    Raises ValueError for what has no front matter, or one that is not TOML.
    """
    parts = _PAGE.fullmatch("\n".join(line.rstrip() for line in text.split("\n")))
    if parts is None:
        raise ValueError("does not begin with front matter between two lines +++")
    before, *sections = (part.strip() for part in HEADING.split(parts[2]))
    # The line end after the first +++ is left to TOML, so that the lines in its messages are those of the file.
    return tomllib.loads(parts[1]), before, list(zip(sections[::2], sections[1::2], strict=True))


@cache
def _paths(folder: Path) -> dict[int, Path]:
    """Question id to file, from the names. Making a path of each would take three times as long, at every start."""
    return {
        int(name[1]): category / each
        for category in folder.iterdir()
        if category.is_dir()
        for each in os.listdir(category)  # noqa: PTH208
        if (name := FILE_NAME.fullmatch(each))
    }


_load = cache(read)
