"""What each category is graded by: criteria and observable checks, read from rubrics/<category>.toml.

The files are written to be edited by whoever knows product management, and hold no word about how graders work. The
text of a check completes the sentence "The answer ...". What no single value can tell, as an id that is there twice, is
left to `make check`.
"""

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass as validated

from coach.errors import NotFound
from coach.model import Category, FollowUp

FOLDER = Path(__file__).with_name("rubrics")
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
class Rubric:
    category: Category
    version: Text
    frameworks: Annotated[tuple[Framework, ...], Field(min_length=1)]
    criteria: Annotated[tuple[RubricCriterion, ...], Field(min_length=4, max_length=6)]

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(check for criterion in self.criteria for check in criterion.checks)

    def for_(self, follow_up: FollowUp | None) -> "Rubric":
        """What an answer is graded by: one to a probe by the probe's criterion alone. Raises NotFound when the rubric
        has lost that criterion since it was asked about."""
        if follow_up is None:
            return self
        wanted = follow_up.probe.criterion
        criteria = tuple(criterion for criterion in self.criteria if criterion.name == wanted)
        if not criteria:
            raise NotFound(f"Answers are not graded by “{wanted}” any more.")
        return _OneCriterion(self.category, self.version, self.frameworks, criteria)


@validated(frozen=True, slots=True, config=_STRICT)
class _OneCriterion(Rubric):
    criteria: Annotated[tuple[RubricCriterion, ...], Field(min_length=1, max_length=1)]


@cache
def rubric(category: Category) -> Rubric:
    """The rubric of a category."""
    return read(FOLDER / f"{category}.toml")


def read(path: Path) -> Rubric:
    """The rubric in a file that is named by its category. Raises ValueError or TypeError for what is none."""
    return Rubric(category=Category(path.stem), **tomllib.loads(path.read_text(encoding="utf-8")))
