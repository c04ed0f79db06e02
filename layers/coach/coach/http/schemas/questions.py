"""Questions, and the categories with what their answers are graded by."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, cast

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, Field

from coach.http.schemas.fields import AS_WRITTEN
from coach.model import Category, Difficulty, Question

if TYPE_CHECKING:  # reading rubrics is for the function that serves them
    from coach.evaluation.rubric import Rubric

QuestionId = Annotated[int, Path(), AS_WRITTEN]
Subscore = Literal["framework", "structure", "completeness"]


class QuestionOut(BaseModel):
    """A question of the bank."""

    id: int
    category: Category
    subcategory: str | None
    difficulty: Difficulty
    question_text: str
    source: str
    frameworks: list[str]
    hint: str | None
    sample_answer: str | None
    created_at: datetime
    updated_at: datetime | None

    @classmethod
    def of(cls, question: Question, *, with_sample: bool = False) -> "QuestionOut":
        """Without the sample answer unless it is asked for: it is for those who have answered the question."""
        return cls(
            id=question.id,
            category=question.category,
            subcategory=question.subcategory,
            difficulty=question.difficulty,
            question_text=question.question_text,
            source=question.source,
            frameworks=list(question.frameworks),
            hint=question.hint,
            sample_answer=question.sample_answer if with_sample else None,
            created_at=question.created_at,
            updated_at=question.updated_at,
        )


class NextQuestionOut(QuestionOut):
    """A question to practise next, without its sample answer, and in one sentence why it is this one."""

    reason: str

    @classmethod
    def chosen(cls, question: Question, reason: str) -> "NextQuestionOut":
        return cls(**dict(QuestionOut.of(question)), reason=reason)


class FrameworkOut(BaseModel):
    """A framework that suits a category, and what applying it looks like."""

    name: str
    use: str


class CheckOut(BaseModel):
    """One thing that an answer has or has not; the text completes "The answer ..."."""

    id: str
    text: str


class RubricCriterionOut(BaseModel):
    """What an interviewer looks at: what it takes at three levels, and the checks that show it.

    `weight` is its share of the whole, so that those of a category add up to 1; `feeds` says for which scores of an
    attempt it counts; `probes` are what an interviewer would ask on.
    """

    name: str
    weight: Annotated[float, Field(gt=0, le=1)]
    feeds: list[Subscore]
    weak: str
    solid: str
    outstanding: str
    mistakes: list[str]
    probes: list[str]
    checks: list[CheckOut]


class CategoryOut(BaseModel):
    """A kind of question: how many the bank has, which frameworks suit it, and what its answers are graded by."""

    id: Category
    name: str
    questions: int
    rubric_version: str
    frameworks: list[FrameworkOut]
    criteria: list[RubricCriterionOut]

    @classmethod
    def of(cls, rubric: "Rubric", questions: int) -> "CategoryOut":
        whole = sum(criterion.weight for criterion in rubric.criteria)
        return cls(
            id=rubric.category,
            name=rubric.category.label,
            questions=questions,
            rubric_version=rubric.version,
            frameworks=[FrameworkOut(name=each.name, use=each.use) for each in rubric.frameworks],
            criteria=[
                RubricCriterionOut(
                    name=criterion.name,
                    weight=criterion.weight / whole,
                    feeds=cast("list[Subscore]", list(criterion.feeds)),
                    weak=criterion.weak,
                    solid=criterion.solid,
                    outstanding=criterion.outstanding,
                    mistakes=list(criterion.mistakes),
                    probes=list(criterion.probes),
                    checks=[CheckOut(id=check.id, text=check.text) for check in criterion.checks],
                )
                for criterion in rubric.criteria
            ],
        )
