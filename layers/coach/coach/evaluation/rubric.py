"""What each category is graded by: criteria and observable checks, read from rubrics/<category>.toml.

The files are written to be edited by whoever knows product management, and hold no word about how graders work. The
text of a check completes the sentence "The answer ...".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic.dataclasses import dataclass as validated

from coach.evaluation.toml_files import Place, TomlFile
from coach.model import Category

FRAMEWORK_MAX_CHARS = 100
"""What an attempt's `suggested_framework` may have."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]*$")]

_STRICT = ConfigDict(extra="forbid")


class Subscore(StrEnum):
    FRAMEWORK = "framework"
    STRUCTURE = "structure"
    COMPLETENESS = "completeness"


@validated(frozen=True, slots=True, config=_STRICT)
class Check:
    """One thing that can be seen in an answer or not."""

    id: Identifier
    text: Text


@validated(frozen=True, slots=True, config=_STRICT)
class RubricCriterion:
    """What an interviewer looks at: what it takes at three levels, and the checks that show it.

    `weight` counts against the other criteria's; `probes` are what an interviewer would ask on; `example` is one point
    that a strong answer might make.
    """

    name: Text
    weight: Annotated[int, Field(strict=True, ge=1)]
    feeds: Annotated[tuple[Subscore, ...], Field(min_length=1)]
    weak: Text
    solid: Text
    outstanding: Text
    mistakes: Annotated[tuple[Text, ...], Field(min_length=1)]
    probes: Annotated[tuple[Text, ...], Field(min_length=1)]
    example: Text
    checks: Annotated[tuple[Check, ...], Field(min_length=3, max_length=6)]


@validated(frozen=True, slots=True, config=_STRICT)
class Framework:
    """A framework that suits the category, and what applying it looks like."""

    name: Text
    use: Text

    def __str__(self) -> str:
        return f"{self.name}: {self.use}"


@validated(frozen=True, slots=True, config=_STRICT)
class _File:
    version: Text
    frameworks: Annotated[tuple[Framework, ...], Field(min_length=1)]
    criteria: Annotated[tuple[RubricCriterion, ...], Field(min_length=4, max_length=6)]


@dataclass(frozen=True, slots=True)
class Rubric:
    category: Category
    version: str
    frameworks: tuple[Framework, ...]
    criteria: tuple[RubricCriterion, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(check for criterion in self.criteria for check in criterion.checks)


@cache
def rubric(category: Category) -> Rubric:
    """The rubric of a category. Raises InvalidFile."""
    return read(Path(__file__).with_name("rubrics") / f"{category}.toml", category)


def read(path: Path, category: Category) -> Rubric:
    """Raises InvalidFile with every mistake that the file has, or OSError."""
    file = TomlFile(path)
    made = file.read(TypeAdapter(_File))
    if contradictions := list(_contradictions(made)):
        raise file.invalid(contradictions)
    return Rubric(category, made.version, made.frameworks, made.criteria)


def _contradictions(file: _File) -> Iterator[tuple[Place, str]]:
    """What is wrong between values that hold, each by itself."""
    for at, framework in enumerate(file.frameworks):
        if len(str(framework)) > FRAMEWORK_MAX_CHARS:
            yield ("frameworks", at, "use"), f"name and use have more than {FRAMEWORK_MAX_CHARS} characters together"
    for kind in Subscore:
        if not any(kind in criterion.feeds for criterion in file.criteria):
            yield (), f"no criterion feeds {kind}"
    yield from _repeated("criterion", ((("criteria", at, "name"), each.name) for at, each in enumerate(file.criteria)))
    yield from _repeated(
        "check",
        (
            (("criteria", at, "checks", number, "id"), check.id)
            for at, criterion in enumerate(file.criteria)
            for number, check in enumerate(criterion.checks)
        ),
    )


def _repeated(what: str, named: Iterable[tuple[Place, str]]) -> Iterator[tuple[Place, str]]:
    """Those whose name an earlier one has."""
    seen: set[str] = set()
    for place, name in named:
        if name in seen:
            yield place, f"there is another {what} {name!r}"
        seen.add(name)
