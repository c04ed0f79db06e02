"""What Claude is asked, and the shape that it has to reply in."""

import secrets
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from coach.evaluation.rubric import RubricCriterion, rubric
from coach.evaluation.scoring import Verdict
from coach.evaluation.text import readable
from coach.model import Category, Question

if TYPE_CHECKING:  # the SDK takes seconds to import, and who estimates a cost needs only the text
    from anthropic.types import TextBlockParam


@cache
def prompt(category: Category) -> str:
    """The system prompt: the same for every answer of a category, so that it can be cached."""
    graded_by = rubric(category)
    template = Path(__file__).with_name("prompt.md").read_text(encoding="utf-8")
    return template.format(
        category=category.replace("_", " "),
        frameworks=", ".join(framework.name for framework in graded_by.frameworks),
        version=graded_by.version,
        criteria="\n\n".join(map(_described, graded_by.criteria)),
    )


def prompt_hash(category: Category) -> str:
    return sha256(prompt(category).encode()).hexdigest()[:12]


@cache
def reply_schema(category: Category) -> dict[str, object]:
    """In the subset of JSON Schema that structured outputs know: everything required, no lengths, no limits."""
    return _object(
        findings=_array(
            _object(
                check={"type": "string", "enum": [check.id for check in rubric(category).checks]},
                quotes=_array({"type": "string"}),
                verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
            )
        ),
        strengths=_array(_object(point={"type": "string"}, quote={"type": "string"})),
        improvements=_array({"type": "string"}),
        suggested_framework={"type": "string"},
        example_point={"type": "string"},
    )


def _object(**properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: dict[str, object]) -> dict[str, object]:
    return {"type": "array", "items": items}


def _described(criterion: RubricCriterion) -> str:
    checks = "\n".join(f"- `{check.id}`: the answer {check.text}" for check in criterion.checks)
    return (
        f"## {criterion.name}\n\n{checks}\n\n"
        f"Weak: {criterion.weak}\nSolid: {criterion.solid}\nOutstanding: {criterion.outstanding}\n"
        f"Common mistakes: {'; '.join(criterion.mistakes)}."
    )


def content(question: Question, answer: str) -> "list[TextBlockParam]":
    """The question, then the answer as data in a block of its own, between tags that it cannot foresee."""
    tag = f"answer-{secrets.token_hex(8)}"
    asked = [f"Question ({question.difficulty}): {question.question_text}"]
    if question.sample_answer:
        asked.append(f"Reference answer:\n{question.sample_answer}")
    asked.append(f"The candidate's answer is the whole of the next block, between <{tag}> and </{tag}>.")
    return [
        {"type": "text", "text": readable("\n\n".join(asked))},
        {"type": "text", "text": f"<{tag}>\n{readable(answer)}\n</{tag}>"},
    ]
