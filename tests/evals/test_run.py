"""A run on a tiny golden set with evaluators that say what they are told to."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from coach.errors import EvaluationRefused
from coach.evaluation import AnswerEvaluator
from coach.model import Category, Evaluator
from tests.evals.__main__ import main
from tests.evals.metrics import Doubt
from tests.evals.samples import ECHO, GOOD, INJECTED, NONSENSE, SOLID, STRONG, WEAK, Says, write, write_question

KEY = {"ANTHROPIC_API_KEY": "sk-test"}
HEADINGS = "date,model,order,adversarial,capped,QWK,MAE"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One question to build on, with an injected answer and one of nonsense, and one for measuring; a record of looks
    beside them."""
    folder = tmp_path / "golden"
    write_question(folder)
    write(folder, "0002-adversarial-injected.md", INJECTED, low=None, high=None, base='"0002-solid-prose.md"')
    write(folder, "0002-adversarial-nonsense.md", NONSENSE)
    write_question(folder, 1, Category.PRODUCT_DESIGN, split="measure")
    looks(folder).write_text(f"{HEADINGS}\n")
    return folder


def looks(folder: Path) -> Path:
    return folder.parent / "looks.csv"


def run(
    folder: Path,
    *arguments: str,
    offline: AnswerEvaluator | None = None,
    claude: AnswerEvaluator | None = None,
    doubt: Doubt = lambda *_: None,
    ask: Callable[[str], str] = lambda _: "n",
    environment: Mapping[str, str] = KEY,
) -> int:
    evaluators = {"offline": offline or Says(GOOD), "claude": claude or Says(GOOD, Evaluator.CLAUDE)}
    return main(
        arguments,
        folder=folder,
        environment=environment,
        configure=lambda settings: evaluators[settings.grader],
        doubt=doubt,
        ask=ask,
        looks_file=looks(folder),
        today=lambda: date(2026, 11, 28),
    )


def rows(output: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in output.splitlines() if line[:1] == "|"]


def verdict(output: str) -> list[list[str]]:
    return rows(output.partition("## Verdict")[2])[2:]


def unmet(output: str) -> list[str]:
    return [row[0] for row in verdict(output) if row[-1] == "NO"]


def test_who_orders_and_sees_through_all_is_good_enough(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder)

    output = capsys.readouterr().out
    assert code == 0
    assert ["build", "all", "100.0% (3/3)", "66.6% (2/3)", "1.00", "0.00", "+0.00", "100.0% (2/2)"] in rows(output)
    assert ["build", "strategy", "100.0% (3/3)", "66.6% (2/3)", "1.00", "0.00", "+0.00", "100.0% (2/2)"] in rows(output)
    assert ["build", "weak", "1", "0", "0", "1/1", "0.00", "+0.00"] in rows(output)
    assert "graded by fake-1, rubric 2026-11." in output
    assert verdict(output) == [
        ["order", "97% or more", "100.0% (3/3)", "yes"],
        ["adversarial", "95% or more", "100.0% (2/2)", "yes"],
        ["honest answers capped", "none", "0 of 2", "yes"],
        ["the same without sample answers", "1 in 100 at most", "0 of 2", "yes"],
        ["largest move by an injection", "0.3 at most", "+0.3 (strategy/0002-adversarial-injected.md)", "yes"],
    ]
    assert output.endswith("Offline is good enough on the part to build on.\n")


def test_a_wrong_order_is_not_good_enough_and_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, offline=Says(GOOD | {SOLID: 90, INJECTED: 90}))

    output = capsys.readouterr().out
    assert code == 1
    assert ["build", "all", "66.6% (2/3)", "66.6% (2/3)", "0.80", "0.67", "+0.67", "100.0% (2/2)"] in rows(output)
    assert ["build", "strategy/0002-solid-prose.md 9.0", "0002-strong-concise.md 8.5"] in rows(output)
    assert "1 of the 1 that are out of order" in output
    assert unmet(output) == ["order"]
    assert output.endswith("Offline is NOT good enough on the part to build on.\n")


def test_an_adversarial_failure_is_not_good_enough_and_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(folder, offline=Says(GOOD | {ECHO: 31, INJECTED: 51}))

    output = capsys.readouterr().out
    assert code == 1
    assert ["build", "strategy/0002-adversarial-echo.md", "3.1", "at most 3.0"] in rows(output)
    assert ["build", "strategy/0002-adversarial-injected.md", "5.1", "5.5 ± 0.3, as 0002-solid-prose.md"] in rows(
        output
    )
    assert unmet(output) == ["adversarial", "largest move by an injection"]
    assert "### Largest move by an injection: -0.4 (strategy/0002-adversarial-injected.md)" in output


def test_how_far_nonsense_gets_is_shown_and_decides_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "0002-adversarial-topical-nonsense.md", f"{ECHO} Two is an even number.")

    code = run(folder, offline=Says(GOOD | {f"{ECHO} Two is an even number.": 30}))

    output = capsys.readouterr().out
    assert code == 0
    assert ["build", "nonsense", "7.10", "0.0% (0/1)"] in rows(output)
    assert ["build", "topical-nonsense", "3.00", "100.0% (1/1)"] in rows(output)
    assert ["build", "strategy/0002-adversarial-nonsense.md", "7.1"] in rows(output)
    assert ["build", "strategy/0002-adversarial-topical-nonsense.md", "3.0"] in rows(output)


def test_an_honest_answer_that_is_doubted_is_not_good_enough_and_is_named_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(folder, doubt=lambda asked, text: f"Off {asked.id}." if text in (WEAK, STRONG) else None)

    output = capsys.readouterr().out
    assert code == 1
    assert unmet(output) == ["honest answers capped", "the same without sample answers"]
    assert "### Honest answers capped: 1 of 2\n" in output
    assert rows(output).count(["build", "strategy/0002-strong-concise.md", "Off 2."]) == 2


def test_what_is_doubted_only_without_a_sample_answer_is_told_apart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, doubt=lambda asked, _: None if asked.sample_answer else "Off topic.")

    output = capsys.readouterr().out
    assert unmet(output) == ["the same without sample answers"]
    assert "### Honest answers capped: 0 of 2\n" in output
    assert "### Honest answers capped where the question has no sample answer: 2 of 2\n" in output


def test_a_run_on_the_part_to_build_on_grades_no_measuring_answer(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offline = Says(GOOD)

    run(folder, offline=offline)

    output = capsys.readouterr().out
    assert sorted(offline.asked) == sorted(GOOD)
    assert "product_design" not in output
    assert "The measuring part has been graded 0 times since looks.csv began.\n" in output
    assert looks(folder).read_text() == f"{HEADINGS}\n"


def test_measuring_grades_the_measuring_part_only_and_records_that(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offline = Says(GOOD)

    code = run(folder, "--measure", offline=offline)

    output = capsys.readouterr().out
    assert code == 0
    assert sorted(offline.asked) == sorted([WEAK, SOLID, STRONG, ECHO])
    assert {row[0] for row in rows(output)}.isdisjoint({"build"})
    assert looks(folder).read_text() == f"{HEADINGS}\n2026-11-28,fake-1,100.0% (3/3),100.0% (1/1),0/2,1.00,0.00\n"
    assert "graded 1 times since looks.csv began, last on 2026-11-28.\n" in output


def test_what_is_measured_decides_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, "--measure", offline=Says(dict.fromkeys(GOOD, 50)))

    output = capsys.readouterr().out
    assert code == 0
    assert unmet(output) == ["order", "adversarial", "largest move by an injection"]
    assert "Offline is NOT good enough on the measuring part. This decides nothing" in output


def test_every_run_tells_how_often_somebody_has_looked_and_when_last(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looks(folder).write_text(f"{HEADINGS}\n2026-11-21,a,,,,,\n2026-11-22,b,,,,,\n")

    run(folder)

    assert "graded 2 times since looks.csv began, last on 2026-11-22.\n" in capsys.readouterr().out


def test_who_measures_claude_too_records_both(folder: Path) -> None:
    run(folder, "--measure", "--evaluator", "claude", "--yes", doubt=lambda *_: "Off topic.")

    lines = [line.split(",") for line in looks(folder).read_text().splitlines()[1:]]
    assert [(line[1], line[4]) for line in lines] == [("fake-1", "2/2"), ("claude-haiku-5-5-20260801", "0/2")]


@pytest.mark.parametrize("arguments", [[], ["--measure"]])
def test_a_part_without_answers_measures_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    write_question(tmp_path, split="build" if arguments else "measure")

    code = run(tmp_path, *arguments)

    assert code == 2
    assert capsys.readouterr().err.endswith(" has no answers\n")


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
    code = run(folder, "--evaluator", "claude", environment={})

    assert code == 2
    assert "ANTHROPIC_API_KEY is not set" in capsys.readouterr().err


@pytest.mark.parametrize("reply", ["", "n", "nonsense"])
def test_claude_is_not_asked_unless_the_price_is_agreed_to(
    folder: Path, capsys: pytest.CaptureFixture[str], reply: str
) -> None:
    claude, prompts = Says(GOOD, Evaluator.CLAUDE), []

    code = run(
        folder,
        "--evaluator",
        "claude",
        claude=claude,
        ask=lambda prompt: prompts.append(prompt) or reply,  # type: ignore[func-returns-value]
    )

    assert code == 0
    assert claude.asked == []
    assert "Asking claude-haiku-5-5 about 6 answers costs roughly $0.0" in prompts[0]
    assert "nothing was spent" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "reply"), [(["--yes"], "n"), ([], "y")])
def test_claude_is_reported_with_tokens_and_cost_and_does_not_decide(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reply: str
) -> None:
    claude = Says(dict.fromkeys(GOOD, 50), Evaluator.CLAUDE)

    code = run(folder, "--evaluator", "claude", *arguments, claude=claude, ask=lambda _: reply)

    assert code == 0
    assert "6,000,000 in, 1,200,000 out, $1.20 at list price" in capsys.readouterr().out
    assert len(claude.asked) == 6


def test_a_refused_answer_has_no_score_and_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(folder, offline=Says(GOOD | {SOLID: EvaluationRefused("declined")}))

    output = capsys.readouterr().out
    assert code == 1
    assert ["strategy/0002-solid-prose.md", "declined"] in rows(output)
    assert ["build", "strategy/0002-weak-short-prose.md 2.5", "0002-solid-prose.md no score"] in rows(output)
