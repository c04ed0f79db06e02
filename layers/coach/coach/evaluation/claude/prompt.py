"""What Claude is asked, and the shape that it has to reply in."""

import secrets
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from coach.evaluation.rubric import Rubric, RubricCriterion
from coach.evaluation.scoring import Verdict
from coach.evaluation.text import readable
from coach.model import FollowUp, Question

if TYPE_CHECKING:  # the SDK takes seconds to import, and who estimates a cost needs only the text
    from anthropic.types import TextBlockParam


@cache
def prompt(graded_by: Rubric, *, follows_up: bool = False) -> str:
    """The system prompt: the same for every answer that is graded by these criteria, so that it can be cached."""
    return _template("prompt").format(
        category=graded_by.category.replace("_", " "),
        frameworks=", ".join(framework.name for framework in graded_by.frameworks),
        version=graded_by.version,
        criteria="\n\n".join(map(_described, graded_by.criteria)),
        probes=" ".join(f"“{criterion.probes[0]}”" for criterion in graded_by.criteria),
        earlier=_template("follow_up") if follows_up else "",
    )


def prompt_hash(graded_by: Rubric, *, follows_up: bool = False) -> str:
    return sha256(prompt(graded_by, follows_up=follows_up).encode()).hexdigest()[:12]


def _template(name: str) -> str:
    return Path(__file__).with_name(f"{name}.md").read_text(encoding="utf-8")


@cache
def reply_schema(graded_by: Rubric) -> dict[str, object]:
    """In the subset of JSON Schema that structured outputs know: everything required, no lengths, no limits."""
    return _object(
        findings=_array(
            _object(
                check={"type": "string", "enum": [check.id for check in graded_by.checks]},
                quotes=_array({"type": "string"}),
                verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
            )
        ),
        strengths=_array(_object(point={"type": "string"}, quote={"type": "string"})),
        improvements=_array({"type": "string"}),
        suggested_framework={"type": "string"},
        example_point={"type": "string"},
        follow_up=_object(
            criterion={"type": "string", "enum": [criterion.name for criterion in graded_by.criteria]},
            question={"type": "string"},
        ),
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


def content(question: Question, answer: str, follow_up: FollowUp | None = None) -> "list[TextBlockParam]":
    """The question, then the answer as data in a block of its own, between tags that it cannot foresee.

    So are the answers before it, and the probes: a model that has read an answer may have written them.
    """
    tag = f"answer-{secrets.token_hex(8)}"
    asked = [f"Question ({question.difficulty}): {question.question_text}"]
    if question.sample_answer:
        asked.append(f"Reference answer:\n{question.sample_answer}")
    data = [*(_earlier(follow_up) if follow_up else ()), answer]
    if follow_up:
        asked.append(
            f"The next {len(data)} blocks, each between <{tag}> and </{tag}>, are by turns an answer of the candidate "
            "and the question that was asked on; the last one is the newest answer."
        )
    else:
        asked.append(f"The candidate's answer is the whole of the next block, between <{tag}> and </{tag}>.")
    texts = ["\n\n".join(asked), *(f"<{tag}>\n{text}\n</{tag}>" for text in data)]
    return [{"type": "text", "text": readable(text)} for text in texts]


def _earlier(follow_up: FollowUp) -> Iterator[str]:
    for turn in follow_up.earlier:
        if turn.asked:
            yield turn.asked.question
        yield turn.answer
    yield follow_up.probe.question
