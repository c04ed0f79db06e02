"""The bank's folder: what is taken there, and how new files come in."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from bank_import import question_files
from bank_import.question_files import letters_of
from bank_import.rows import Taken
from coach.model import Question


def taken(folder: Path) -> Taken:
    """The ids and questions that are there. Raises Refused when the bank itself has mistakes."""
    found = Taken()
    for path, question in question_files.check(folder).items():
        found.ids[question.id] = str(path)
        found.questions.setdefault(letters_of(question.question_text), str(path))
    return found


def rehearse(pages: Mapping[Path, str]) -> dict[Path, Question]:
    """The questions as they would be read from the files, if they were there. Raises Refused."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in pages.items():
            write(folder / path, text)
        return {path.relative_to(folder): question for path, question in question_files.check(folder).items()}


def write(path: Path, text: str) -> None:
    """Raises OSError, also when the file is there already."""
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
