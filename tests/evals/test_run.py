"""A run on a tiny golden set with evaluators that say what they are told to."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached, UnusableReply
from coach.evaluation import AnswerEvaluator
from coach.evaluation.claude.prices import cost
from coach.model import Category, Evaluation, Evaluator, FollowUp, Question
from coach.settings import GraderSettings
from tests.evals.__main__ import main
from tests.evals.golden import load
from tests.evals.grading import AT_ONCE, estimated_cost, grade
from tests.evals.samples import ECHO, INJECTED, SOLID, STRONG, WEAK, write, write_question
from tests.unit.given import a_reply

GOOD = {WEAK: 25, SOLID: 55, STRONG: 85, ECHO: 15, INJECTED: 58}
KEY = {"ANTHROPIC_API_KEY": "sk-test"}


@dataclass
class Says:
    """An evaluator that gives each text its score, or raises what stands in its place."""

    scores: Mapping[str, int | Exception]
    kind: Evaluator = Evaluator.OFFLINE
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def evaluate(self, _: Question, answer_text: str, __: FollowUp | None = None) -> Evaluation:
        self.asked.append(answer_text)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        said = self.scores[answer_text]
        if isinstance(said, Exception):
            raise said
        paid = self.kind is Evaluator.CLAUDE
        return Evaluation(
            overall=said,
            framework=said,
            structure=said,
            completeness=said,
            strengths=(),
            improvements=(),
            suggested_framework=None,
            example_point=None,
            criteria=(),
            evaluator=self.kind,
            model="claude-haiku-5-5-20260801" if paid else "fake-1",
            rubric_version="2026-11",
            evaluated_at=datetime(2026, 11, 21, tzinfo=UTC),
            input_tokens=1_000_000 if paid else 0,
            output_tokens=200_000 if paid else 0,
            cost=cost("claude-haiku-5-5-20260801", 1_000_000, 200_000) if paid else 0,
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One question for measuring, with an injected answer, and one for building."""
    folder = tmp_path / "golden"
    write_question(folder)
    write(folder, "0002-adversarial-injected.md", INJECTED, low=None, high=None, base='"0002-solid-prose.md"')
    write_question(folder, 1, Category.PRODUCT_DESIGN, split="build")
    return folder


def configure(offline: AnswerEvaluator, claude: AnswerEvaluator) -> Callable[[GraderSettings], AnswerEvaluator]:
    return lambda settings: {"offline": offline, "claude": claude}[settings.grader]


def run(folder: Path, *arguments: str, scores: Mapping[str, int | Exception] = GOOD) -> int:
    return main(arguments, folder=folder, environment={}, configure=lambda _: Says(scores))


def rows(output: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in output.splitlines() if line[:1] == "|"]


def test_who_orders_and_sees_through_all_is_good_enough(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder)

    output = capsys.readouterr().out
    assert code == 0
    assert ["measure", "all", "100.0% (3/3)", "66.6% (2/3)", "1.00", "0.00", "+0.00", "100.0% (2/2)"] in rows(output)
    assert ["measure", "strategy", "100.0% (3/3)", "66.6% (2/3)", "1.00", "0.00", "+0.00", "100.0% (2/2)"] in rows(
        output
    )
    assert ["build", "weak", "1", "0", "0", "1/1", "0.00", "+0.00"] in rows(output)
    assert "graded by fake-1, rubric 2026-11." in output
    assert output.endswith(
        "Offline is good enough: on the measuring part, order and adversarial must be 95% or more each.\n"
    )


def test_a_wrong_order_is_not_good_enough_and_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, "--split", "measure", scores=GOOD | {SOLID: 90, INJECTED: 90})

    output = capsys.readouterr().out
    assert code == 1
    assert ["measure", "all", "66.6% (2/3)", "66.6% (2/3)", "0.80", "0.67", "+0.67", "100.0% (2/2)"] in rows(output)
    assert ["measure", "strategy/0002-solid-prose.md 9.0", "0002-strong-concise.md 8.5"] in rows(output)
    assert "1 of the 1 that are out of order" in output
    assert "NOT good enough" in output


def test_an_adversarial_failure_is_not_good_enough_and_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(folder, scores=GOOD | {ECHO: 31, INJECTED: 59})

    output = capsys.readouterr().out
    assert code == 1
    assert ["measure", "strategy/0002-adversarial-echo.md", "3.1", "at most 3.0"] in rows(output)
    assert [
        "measure",
        "strategy/0002-adversarial-injected.md",
        "5.9",
        "5.5 ± 0.3, as 0002-solid-prose.md",
    ] in rows(output)


def test_the_building_part_decides_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, "--split", "build", scores=dict.fromkeys(GOOD, 50))

    output = capsys.readouterr().out
    assert code == 0
    assert {row[0] for row in rows(output)}.isdisjoint({"measure"})
    assert "nothing is decided" in output


def test_without_a_measuring_part_offline_is_not_good_enough(tmp_path: Path) -> None:
    write_question(tmp_path, split="build")

    code = run(tmp_path)

    assert code == 1


def test_the_report_is_what_was_printed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "--report", str(tmp_path / "report.md"))

    written = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert written.startswith("# Evals\n\n## Offline\n")
    assert rows(written) == rows(capsys.readouterr().out)


def test_a_mistake_in_the_set_is_printed_and_nothing_is_measured(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "strategy/0002-weak-short-prose.md").unlink()

    code = run(folder)

    assert code == 2
    assert capsys.readouterr().err == f"{folder}/strategy/0002: 0 weak answers, not 1\n"


def test_claude_without_a_key_measures_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, "--evaluator", "claude")

    assert code == 2
    assert "ANTHROPIC_API_KEY is not set" in capsys.readouterr().err


@pytest.mark.parametrize("reply", ["", "n", "nonsense"])
def test_claude_is_not_asked_unless_the_price_is_agreed_to(
    folder: Path, capsys: pytest.CaptureFixture[str], reply: str
) -> None:
    claude, prompts = Says(GOOD, Evaluator.CLAUDE), []

    code = main(
        ["--evaluator", "claude"],
        folder=folder,
        environment=KEY,
        configure=configure(Says(GOOD), claude),
        ask=lambda prompt: prompts.append(prompt) or reply,  # type: ignore[func-returns-value]
    )

    assert code == 0
    assert claude.asked == []
    assert "Asking claude-haiku-5-5 about 9 answers costs roughly $0.0" in prompts[0]
    assert "nothing was spent" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "reply"), [(["--yes"], "n"), ([], "y")])
def test_claude_is_reported_with_tokens_and_cost_and_does_not_decide(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reply: str
) -> None:
    claude = Says(dict.fromkeys(GOOD, 50), Evaluator.CLAUDE)

    code = main(
        ["--evaluator", "claude", *arguments],
        folder=folder,
        environment=KEY,
        configure=configure(Says(GOOD), claude),
        ask=lambda _: reply,
    )

    assert code == 0
    assert "9,000,000 in, 1,800,000 out, $1.80 at list price" in capsys.readouterr().out
    assert len(claude.asked) == 9


def test_four_answers_are_graded_at_once(folder: Path) -> None:
    evaluator = Says(GOOD)

    graded = asyncio.run(grade(evaluator, load(folder)))

    assert evaluator.most_at_once == AT_ONCE == 4
    assert [each.answer for each in graded] == list(load(folder))


def test_a_refused_answer_has_no_score_and_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, scores=GOOD | {SOLID: EvaluationRefused("declined")})

    output = capsys.readouterr().out
    assert code == 1
    assert ["strategy/0002-solid-prose.md", "declined"] in rows(output)
    assert ["measure", "strategy/0002-weak-short-prose.md 2.5", "0002-solid-prose.md no score"] in rows(output)


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (EvaluationUnavailable("busy", 0.001), 3),
        (UnusableReply("cut off", a_reply()), 3),
        (SpendLimitReached("spent"), 1),
    ],
)
def test_who_is_unavailable_is_asked_again_unless_the_money_is_spent(
    folder: Path, error: EvaluationUnavailable, times: int
) -> None:
    evaluator = Says(GOOD | {ECHO: error})
    echo = [each for each in load(folder) if each.text == ECHO][:1]

    [graded] = asyncio.run(grade(evaluator, echo, waits=(0, 0)))

    assert evaluator.asked == [ECHO] * times
    assert (graded.tenths, graded.failure) == (None, str(error))


def test_no_more_answers_are_sent_once_the_model_cannot_be_had(folder: Path) -> None:
    evaluator = Says(dict.fromkeys(GOOD, SpendLimitReached("spent")))

    graded = asyncio.run(grade(evaluator, load(folder)))

    assert len(evaluator.asked) == AT_ONCE
    assert {each.failure for each in graded} == {"spent", "not asked: spent"}


def test_an_unusable_reply_costs_only_its_own_answer(folder: Path) -> None:
    evaluator = Says(GOOD | {ECHO: UnusableReply("cut off", a_reply())})

    graded = asyncio.run(grade(evaluator, load(folder), waits=()))

    assert [each.answer.text for each in graded if each.failure] == [ECHO, ECHO]


def test_a_model_without_a_price_costs_nobody_knows_what(folder: Path) -> None:
    assert estimated_cost(load(folder), "another-model") is None


def test_the_estimate_grows_with_the_answers_and_the_price(folder: Path) -> None:
    answers = load(folder)

    one, all_of_them = (estimated_cost(some, "claude-haiku-5-5") or 0 for some in (answers[:1], answers))

    assert 0 < one < all_of_them < (estimated_cost(answers, "claude-opus-5-5") or 0)
