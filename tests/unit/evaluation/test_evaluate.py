"""The seam: gates first, then the evaluator that the environment asks for."""

import asyncio
import textwrap

import pytest

from coach import questions
from coach.evaluation import evaluate
from coach.evaluation.graders import configured, grader
from coach.evaluation.offline import MODEL as OFFLINE_MODEL
from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import Category, Evaluation, Evaluator, FollowUp, Question
from coach.settings import GraderSettings, InvalidSetting
from tests.unit.evaluation.samples import NOON, answer, question

KEY = "sk-ant-not-a-real-key"


class Recording:
    """An evaluator that notes what it is asked and otherwise grades offline."""

    kind = Evaluator.CLAUDE

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def evaluate(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        self.asked.append(answer_text)
        return OfflineEvaluator(clock=lambda: NOON).grade(question, answer_text, follow_up)


def test_a_real_answer_is_given_to_the_evaluator() -> None:
    evaluator = Recording()
    text = answer(Category.PRODUCT_DESIGN, "solid")

    made = asyncio.run(evaluate(evaluator, question(), text))

    assert evaluator.asked == [text]
    assert made.model == OFFLINE_MODEL


def test_what_is_no_answer_is_scored_low_without_asking_anybody() -> None:
    evaluator = Recording()

    made = asyncio.run(evaluate(evaluator, question(), "asdf qwer " * 30, clock=lambda: NOON))

    assert evaluator.asked == []
    assert (made.overall, made.framework, made.structure, made.completeness) == (10, 10, 10, 10)
    assert made.evaluator is Evaluator.CLAUDE
    assert made.model == "gate"
    assert made.improvements[0] == "The answer cannot be read as text."
    assert made.strengths == ()
    assert made.evaluated_at == NOON
    assert (made.input_tokens, made.output_tokens) == (0, 0)
    assert all(criterion.score == 10 and criterion.evidence == () for criterion in made.criteria)


def test_a_sample_answer_handed_in_is_scored_low_and_nobody_is_paid() -> None:
    evaluator = Recording()
    asked = questions.question(1)

    made = asyncio.run(evaluate(evaluator, asked, asked.sample_answer or ""))

    assert evaluator.asked == []
    assert (made.overall, made.model, made.input_tokens) == (10, "gate", 0)
    assert "sample answer" in made.improvements[0]


def test_characters_that_no_database_holds_never_reach_the_evaluator() -> None:
    evaluator = Recording()

    asyncio.run(evaluate(evaluator, question(), answer(Category.PRODUCT_DESIGN, "solid") + "\x00 \ud800 \x1b[2J"))

    assert evaluator.asked[0].endswith("  \ufffd  [2J")


def test_evidence_is_as_the_answer_was_stored_with_the_line_ends_of_a_form() -> None:
    lines = answer(Category.PRODUCT_DESIGN, "solid").split("\n")
    stored = "\n".join(textwrap.fill(line, 72) for line in lines).replace("\n", "\r\n")

    made = asyncio.run(evaluate(OfflineEvaluator(clock=lambda: NOON), question(), stored))

    quotes = [quote for criterion in made.criteria for quote in criterion.evidence]
    assert any("\r\n" in quote for quote in quotes)
    assert [quote for quote in quotes if quote not in stored] == []


def test_without_a_key_it_is_offline() -> None:
    assert configured(GraderSettings()).kind is Evaluator.OFFLINE
    assert configured(GraderSettings.read({"ANTHROPIC_API_KEY": "  "})).kind is Evaluator.OFFLINE


def test_with_a_key_it_is_claude() -> None:
    assert configured(GraderSettings.read({"ANTHROPIC_API_KEY": KEY})).kind is Evaluator.CLAUDE


def test_offline_can_be_asked_for_although_there_is_a_key() -> None:
    assert configured(GraderSettings.read({"ANTHROPIC_API_KEY": KEY, "EVALUATOR": "offline"})).kind is Evaluator.OFFLINE


def test_bedrock_needs_no_key() -> None:
    assert (
        configured(GraderSettings.read({"EVALUATOR": "bedrock", "AWS_REGION": "eu-central-1"})).kind is Evaluator.CLAUDE
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (Evaluator.OFFLINE, OFFLINE_MODEL)),
        ({"ANTHROPIC_API_KEY": KEY}, (Evaluator.CLAUDE, "claude-haiku-5-5")),
        ({"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_MODEL": "claude-opus-5-5"}, (Evaluator.CLAUDE, "claude-opus-5-5")),
        ({"EVALUATOR": "offline", "ANTHROPIC_MODEL": "claude-opus-5-5"}, (Evaluator.OFFLINE, OFFLINE_MODEL)),
        ({"EVALUATOR": "bedrock"}, (Evaluator.CLAUDE, "anthropic.claude-haiku-5-5")),
    ],
)
def test_who_grades_can_be_told_without_making_an_evaluator(
    environment: dict[str, str], expected: tuple[Evaluator, str]
) -> None:
    assert grader(GraderSettings.read(environment)) == expected


def test_claude_without_a_key_is_a_missing_setting() -> None:
    with pytest.raises(InvalidSetting, match="ANTHROPIC_API_KEY"):
        configured(GraderSettings.read({"EVALUATOR": "claude"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_EFFORT", "heroic"),
        ("EVALUATOR", "gpt"),
        ("ANTHROPIC_BASE_URL", "localhost:9000"),
        ("ANTHROPIC_MAX_TOKENS", "many"),
        ("ANTHROPIC_MAX_TOKENS", "0"),
        ("ANTHROPIC_MAX_TOKENS", "-5"),
        ("ANTHROPIC_MAX_TOKENS", "1e9"),
        ("EVALUATION_DEADLINE_SECONDS", "nan"),
        ("EVALUATION_DEADLINE_SECONDS", "0"),
        ("ANTHROPIC_API_KEY", "two words"),
        ("ANTHROPIC_API_KEY", "schlüssel"),
    ],
)
def test_a_bad_setting_is_named_and_a_key_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        configured(GraderSettings.read({"ANTHROPIC_API_KEY": KEY} | {name: value}))

    assert str(refused.value).startswith(f"{name} ")
    assert value not in str(refused.value) or value == "0"
    assert KEY not in str(refused.value)
