"""The word lists that every grader needs: grammar, the words of the trade, the names of frameworks."""

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from coach.evaluation.toml_files import TomlFile


@cache
def word_lists() -> dict[str, tuple[str, ...]]:
    """Raises InvalidFile."""
    return read(Path(__file__).with_name("word_lists.toml"))


def read(path: Path) -> dict[str, tuple[str, ...]]:
    """The lists of a file, whose entries are separated by commas or line ends. Raises InvalidFile."""
    lists = TomlFile(path).read(TypeAdapter(dict[str, str]))
    return {name: _entries(text) for name, text in lists.items()}


def _entries(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip())
