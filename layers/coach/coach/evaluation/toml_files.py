"""TOML files that people write by hand: read into types, every mistake named with its file and line."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

Place = tuple[str | int, ...]
"""A value in a file, as in ("criteria", 2, "checks", 0, "text")."""

T = TypeVar("T")

_TABLE = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([\w-]+)\s*=")


class InvalidFile(Exception):
    """A file that cannot be used; `mistakes` has one "path:line: message" for each thing to correct."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class TomlFile:
    """A file's text, from which to read values and to tell where they stand. Raises InvalidFile or OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        content = path.read_bytes()
        try:
            self._text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise InvalidFile([f"{path}:{line}: not UTF-8"]) from None

    def read(self, shape: TypeAdapter[T]) -> T:
        """The file as `shape`. Raises InvalidFile."""
        try:
            return shape.validate_python(tomllib.loads(self._text))
        except tomllib.TOMLDecodeError as error:
            message, _, place = str(error).partition(" (at ")
            line = re.match(r"line (\d+)", place)
            number = int(line[1]) if line else self._text.count("\n") + 1
            raise InvalidFile([f"{self._path}:{number}: not TOML: {message}"]) from None
        except ValidationError as error:
            errors = error.errors()
            # What is wrong with its items makes a list too short as well, which nobody has to be told.
            told = [
                each
                for each in errors
                if each["type"] != "too_short"
                or not any(other["loc"][: len(each["loc"])] == each["loc"] for other in errors if other is not each)
            ]
            raise self.invalid((each["loc"], f"{_named(each['loc'])}: {each['msg']}") for each in told) from None

    def invalid(self, found: Iterable[tuple[Place, str]]) -> InvalidFile:
        """The exception for mistakes at places of this file, in the order of their lines."""
        lines = _lines(self._text)
        mistakes = sorted((_line_of(place, lines), message) for place, message in found)
        return InvalidFile([f"{self._path}:{line}: {message}" for line, message in mistakes])


def _named(place: Place) -> str:
    """A place as people count: ("criteria", 2, "checks", 0, "text") is "criteria 3, checks 1, text"."""
    said: list[str] = []
    for part in place:
        if isinstance(part, int) and said:
            said[-1] += f" {part + 1}"
        else:
            said.append(str(part))
    return ", ".join(said)


def _lines(text: str) -> dict[Place, int]:
    """On which line each table and key stands, which tomllib does not tell."""
    lines: dict[Place, int] = {}
    table: Place = ()
    repeated: Counter[Place] = Counter()
    in_long_text = False
    for number, line in enumerate(text.split("\n"), start=1):
        begins_in_long_text = in_long_text
        in_long_text ^= (line.count('"""') + line.count("'''")) % 2 == 1
        if begins_in_long_text:
            continue
        if header := _TABLE.fullmatch(line):
            *outer, name = header[1].split(".")
            parent: Place = ()
            for part in outer:
                parent = (*parent, part, repeated[*parent, part] - 1)
            table = (*parent, name)
            lines.setdefault(table, number)
            if line.lstrip().startswith("[["):
                table = (*table, repeated[table])
                repeated[*parent, name] += 1
                lines[table] = number
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1]), number)
    return lines


def _line_of(place: Place, lines: dict[Place, int]) -> int:
    """The line of a value, or of what it should stand in; 1 stands for the whole file."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)
