"""What a question's file must be. `coach.questions` tells the format, and trusts the files that were checked here."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, Strict

from bank_import import Refused, told
from coach import questions
from coach.model import Category, Difficulty, Question

ID_MAX = 999_999
"""What sorts as a number among a user's items in the table."""
NAME_MAX_CHARS = 100
QUESTION_MIN_CHARS = 10


def _bare(text: str) -> str:
    if text != text.strip():
        raise ValueError("has space before or after it")
    return text


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("has a name twice")
    return names


Text = Annotated[str, Field(min_length=1), AfterValidator(_bare)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX_CHARS), AfterValidator(_bare)]
QuestionText = Annotated[str, Field(min_length=QUESTION_MIN_CHARS)]
Frameworks = Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(_distinct)]
Moment = Annotated[AwareDatetime, Strict()]


class _File(BaseModel):
    """The keys of the front matter, and the headings of the sections."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[int, Strict(), Field(ge=1, le=ID_MAX)]
    subcategory: Name
    difficulty: Difficulty
    frameworks: Frameworks
    source: Name
    created_at: Moment
    updated_at: Moment | None = None
    question_text: Annotated[QuestionText, Field(alias="# Question")]
    hint: Annotated[Text, Field(alias="## Hint")]
    sample_answer: Annotated[Text, Field(alias="## Sample answer")]


def check(folder: Path) -> dict[Path, Question]:
    """The questions under a folder, by their files. Raises Refused with every mistake in every file."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    mistakes = [mistake for path in paths for mistake in _mistakes(folder, path)] + list(_repeated(paths))
    if not paths:
        mistakes.append(f"{folder}: no questions here")
    if mistakes:
        raise Refused(*mistakes)
    found = {path: questions.read(path) for path in paths}
    if twice := list(_asked_twice(found)):
        raise Refused(*twice)
    return found


def _asked_twice(found: Mapping[Path, Question]) -> Iterator[str]:
    first: dict[str, Path] = {}
    for path, question in found.items():
        before = first.setdefault(letters_of(question.question_text), path)
        if before != path:
            yield f"{path}: # Question: {before} asks the same"


def _mistakes(folder: Path, path: Path) -> Iterator[str]:
    if path.parent.parent != folder or path.parent.name not in set(Category):
        yield f"{path}: not in the folder of a category: {folder}/ and one of {', '.join(Category)}"
    name = questions.FILE_NAME.fullmatch(path.name)
    if name is None:
        yield f"{path}: not named by four digits and lower-case words with hyphens, as in 0001-some-words.md"
    try:
        front, before, sections = questions.take_apart(path.read_text(encoding="utf-8"))
        if before:
            yield f"{path}: text before the first section: {before[:40]!r}"
        for heading, times in Counter(heading for heading, _ in sections).items():
            if times > 1:
                yield f"{path}: {heading}: this section is there {times} times"
        file = _File.model_validate(front | dict(sections))
    except ValueError as error:  # not UTF-8, no front matter, not TOML, or wrong values
        yield from told(path, error)
        return
    if name and name[1] != f"{file.id:04}":
        yield f"{path}: id: it is {file.id}, but the file's name starts with {name[1]}"


def _repeated(paths: list[Path]) -> Iterator[str]:
    first: dict[str, Path] = {}
    for path in paths:
        name = questions.FILE_NAME.fullmatch(path.name)
        if name and first.setdefault(name[1], path) != path:
            yield f"{path}: id: {first[name[1]]} has {name[1]} too"


def letters_of(question_text: str) -> str:
    """What makes a question the same: all but case, punctuation and space. In Hindi the vowels are combining marks."""
    plain = unicodedata.normalize("NFKC", question_text).casefold()
    return " ".join("".join(" " if unicodedata.category(each)[0] in "PZC" else each for each in plain).split()) or plain
