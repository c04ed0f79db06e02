"""The word lists that every grader needs: grammar, the words of the trade, the names of frameworks."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

FILE = Path(__file__).with_name("word_lists.toml")


@cache
def word_lists() -> dict[str, tuple[str, ...]]:
    return read(FILE)


def read(path: Path) -> dict[str, tuple[str, ...]]:
    """The lists of a file, whose entries are separated by commas or line ends. Raises ValueError for any other file."""
    lists = TypeAdapter(dict[str, str]).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    return {name: _entries(text) for name, text in lists.items()}


def _entries(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip())
