"""Names every mistake in the files that authors write, for `make check`.

The questions, the rubrics, the cues by which the offline evaluator finds what a rubric asks for, and its other word
lists. The functions read them without another look.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from bank_import import Refused, question_files, told
from coach import questions
from coach.evaluation import word_lists
from coach.evaluation.offline import cues
from coach.evaluation.rubric import FOLDER as RUBRICS
from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, Rubric, Subscore
from coach.evaluation.rubric import read as read_rubric
from coach.evaluation.text import words
from coach.model import Category
from coach.storage.rows import code

ENTRIES_MAX = 12
"""Of a check. Longer lists show no better sentences, and nobody reads them."""

T = TypeVar("T")
Lists = Mapping[str, tuple[str, ...]]


def main() -> None:
    mistakes = []
    try:
        question_files.check(questions.BANK)
    except Refused as refused:
        mistakes += refused.mistakes
    mistakes += of_grading(RUBRICS, cues.FOLDER)
    if mistakes:
        sys.exit("\n".join(mistakes))


def of_grading(rubrics: Path, cue_lists: Path) -> list[str]:
    """The mistakes in the rubrics, in the word lists, and between them, as far as both can be read."""
    mistakes = []
    criteria: dict[str, str] = {}

    def read(path: Path, reader: Callable[[Path], T]) -> T | None:
        try:
            return reader(path)
        except (OSError, TypeError, ValueError) as error:
            mistakes.extend(told(path, error))
            return None

    known = {f"{category}.toml" for category in Category}
    for path in sorted([*rubrics.iterdir(), *cue_lists.iterdir()]):
        if path.name not in known:
            mistakes.append(f"{path}: not named by a category: {', '.join(Category)}")
    vocabulary = cue_lists.with_name("words.toml")
    mistakes += (f"{vocabulary}: {each}" for each in _in_lists(read(vocabulary, word_lists.read) or {}))
    for name in sorted(known):
        graded_by = read(rubrics / name, read_rubric)
        its_cues = read(cue_lists / name, word_lists.read)
        if graded_by:
            mistakes += (f"{rubrics / name}: {each}" for each in _in_rubric(graded_by))
            mistakes += (f"{rubrics / name}: {each}" for each in _confused(graded_by, criteria))
        if its_cues is not None:
            mistakes += (f"{cue_lists / name}: {each}" for each in _in_cues(its_cues))
        if graded_by and its_cues is not None:
            mistakes += (f"{cue_lists / name}: {each}" for each in _between(graded_by, its_cues))
    return mistakes


def _in_rubric(graded_by: Rubric) -> Iterator[str]:
    for framework in graded_by.frameworks:
        if len(str(framework)) > FRAMEWORK_MAX_CHARS:
            yield f"framework {framework.name!r}: more than {FRAMEWORK_MAX_CHARS} characters with its use"
    for kind in Subscore:
        if not any(kind in criterion.feeds for criterion in graded_by.criteria):
            yield f"no criterion feeds {kind}"
    named = {
        "criterion": [criterion.name for criterion in graded_by.criteria],
        "check": [check.id for check in graded_by.checks],
    }
    for what, names in named.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{what} {name!r} is there {times} times"


def _confused(graded_by: Rubric, known: dict[str, str]) -> Iterator[str]:
    """Names of criteria that a user's history cannot tell apart; `known` are those seen so far, by their codes."""
    for criterion in graded_by.criteria:
        other = known.setdefault(code(criterion.name), criterion.name)
        if other != criterion.name:
            yield f"criterion {criterion.name!r} has the same code as {other!r}: change one of the names a little"


def _in_cues(its_cues: Lists) -> Iterator[str]:
    for check, entries in its_cues.items():
        if len(entries) > ENTRIES_MAX:
            yield f"{check}: {len(entries)} entries, more than {ENTRIES_MAX}"
    # With any figure in place of a sign for one, and a word that ends where it may go on.
    yield from _in_lists(its_cues, spelt=lambda entry: entry.replace("#", "1").replace("*", ""))


def _in_lists(lists: Lists, spelt: Callable[[str], str] = str) -> Iterator[str]:
    for name, entries in lists.items():
        if not entries:
            yield f"{name}: no entries"
        for entry, times in Counter(entries).items():
            if words(spelt(entry)) != spelt(entry).split(" "):
                yield f"{name}: {entry!r} is never found: lower-case words only, without apostrophes and hyphens"
            if times > 1:
                yield f"{name}: {entry!r} is there {times} times"


def _between(graded_by: Rubric, its_cues: Lists) -> Iterator[str]:
    checks = {check.id for check in graded_by.checks}
    for check in sorted(checks - its_cues.keys()):
        yield f"no cues for the rubric's check {check!r}"
    for check in sorted(its_cues.keys() - checks):
        yield f"{check}: the rubric has no such check"


if __name__ == "__main__":
    main()
