"""Puts files into the bank, all or none.

A journal beside the bank names the files before the first is written and goes when the last is there. Whoever finds it
there takes back what it names: the run itself when writing fails, or the next run when this one was killed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bank_import import Refused
from bank_import.rows import Taken, words_of
from coach.model import Question
from coach.questions import validate
from local.process import locked


class Bank:
    """The folder of the bank, and a folder for the journal."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self._journal = work / "journal.json"
        self._lock = work / "lock"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else imports meanwhile."""
        with locked(self._lock):
            yield

    @property
    def interrupted(self) -> bool:
        """Whether an import was killed while it wrote."""
        return self._journal.exists()

    def taken(self) -> Taken:
        """The ids and questions that are there. Raises BankError when the bank itself has mistakes."""
        paths = {int(path.name.partition("-")[0]): path for path in self.folder.glob("*/[0-9]*.md")}
        found = Taken()
        for question in validate(self.folder):
            path = paths[question.id]
            lines = path.read_text(encoding="utf-8").splitlines()
            found.ids[question.id] = str(path)
            found.questions.setdefault(words_of(question.question_text), f"{path}:{lines.index('# Question') + 1}")
        return found

    def rehearsed(self, pages: Mapping[Path, str]) -> dict[int, Question]:
        """The questions by id as the loader would read them if the pages were there. Raises BankError."""
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / "bank"
            shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns(".*"))
            for path, text in pages.items():
                (copy / path.parent).mkdir(exist_ok=True)
                (copy / path).write_bytes(text.encode())
            return {question.id: question for question in validate(copy)}

    def add(self, pages: Mapping[Path, str]) -> None:
        """Write the files, and take all of them back when one cannot be written. Raises OSError."""
        contents = {self.folder / path: text.encode() for path, text in pages.items()}
        for path in contents:
            if path.exists():
                raise FileExistsError(f"{path} is there already")
        self._note({path.relative_to(self.folder): _digest(content) for path, content in contents.items()})
        try:
            for path, content in contents.items():
                path.parent.mkdir(exist_ok=True)
                _write(_hidden(path), content)
                _hidden(path).rename(path)
            self._journal.unlink()
        except BaseException:
            self.take_back()
            raise

    def take_back(self) -> list[Path]:
        """Delete what an import that did not end has written. Raises Refused when somebody has edited it since."""
        noted = json.loads(self._journal.read_text(encoding="utf-8"))
        digests = {self.folder / name: digest for name, digest in noted.items()}
        written = [path for path in digests if path.exists()]
        edited = [path for path in written if _digest(path.read_bytes()) != digests[path]]
        if edited:
            raise Refused(
                *(f"{path}: written by an import that was interrupted, and edited since" for path in edited),
                f"{self._journal}: delete this file to keep what that import wrote, or delete the files above",
            )
        for path in digests:
            _hidden(path).unlink(missing_ok=True)
        for path in written:
            path.unlink()
        self._journal.unlink()
        return written

    def _note(self, digests: Mapping[Path, str]) -> None:
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        draft = self._journal.with_suffix(".draft")
        _write(draft, json.dumps({str(path): digest for path, digest in digests.items()}, indent=1).encode())
        draft.rename(self._journal)


def _hidden(path: Path) -> Path:
    """Where a file is until it is complete: the loader passes over hidden files."""
    return path.with_name(f".{path.name}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
