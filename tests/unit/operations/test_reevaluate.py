"""`make reevaluate` on moto: while it sleeps, the workers work."""

import asyncio
import re
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from coach.aws import EvaluationQueue
from coach.errors import EvaluationRefused
from coach.evaluation.offline import MODEL as OFFLINE_MODEL
from coach.evaluation.rubric import rubric
from coach.model import Attempt, Category, Evaluation, Evaluator, FollowUp, Probe, Question, Session, Status
from coach.storage import Storage
from coach.worker import Worker
from operations.__main__ import main
from operations.reevaluation import Grader, Standing
from operations.stacks import Stack, StackError, find
from tests.conftest import OTHER, USER
from tests.unit.given import (
    ANSWER,
    LEASE_SECONDS,
    MORE,
    Queue,
    a_session,
    a_user,
    add,
    an_evaluation,
    former_scores,
    imbalances,
    recounted,
    request_for,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLAUDE = {"EVALUATOR": "claude", "ANTHROPIC_MODEL": "claude-sonnet-5-5"}
OFFLINE = {"EVALUATOR": "offline"}
STRATEGY, DESIGN = 2, 1
"""A question of each of two categories."""


def made(overall: int = 50, **how: Any) -> Evaluation:
    """An evaluation as Claude makes them now, but for what is said."""
    now: dict[str, Any] = {
        "evaluator": Evaluator.CLAUDE,
        "model": "claude-sonnet-5-5-20260801",
        "rubric_version": rubric(Category.PRODUCT_DESIGN).version,
        "input_tokens": 3_000,
        "output_tokens": 1_000,
        "cost": 16_000,
    }
    return replace(an_evaluation(overall), **now | how)


OLD_RUBRIC: dict[str, Any] = {"rubric_version": "2025-01"}
OLD_MODEL: dict[str, Any] = {"model": "claude-haiku-5-5"}
GRADED_OFFLINE: dict[str, Any] = {
    "evaluator": Evaluator.OFFLINE,
    "model": OFFLINE_MODEL,
    "input_tokens": 0,
    "output_tokens": 0,
    "cost": 0,
}


@dataclass
class Workers:
    """What evaluates while the command sleeps: a score, or an error, for each attempt by its answer."""

    storage: Storage
    settings: dict[str, str]
    scores: dict[str, Any] = field(default_factory=dict)
    how: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    most: int = 0
    kind = Evaluator.CLAUDE

    async def evaluate(self, question: Question, answer_text: str, _: FollowUp | None = None) -> Evaluation:
        self.asked.append(answer_text)
        score = self.scores.get(answer_text, 70)
        if isinstance(score, BaseException):
            raise score
        return made(score, rubric_version=rubric(question.category).version, **self.how)

    def work(self, _: float = 0) -> None:
        worker = Worker(self.storage, self, lease_seconds=LEASE_SECONDS)
        open_ = [each for each in self.storage.attempts.all() if each.reevaluating or each.status is Status.PENDING]
        self.most = max(self.most, len(open_))
        for attempt in open_:
            asyncio.run(worker.work(request_for(attempt)))


@pytest.fixture
def workers(storage: Storage) -> Workers:
    return Workers(storage, CLAUDE)


@pytest.fixture
def reevaluate(storage: Storage, workers: Workers) -> Callable[..., int]:
    """Runs the command on the table on moto."""

    def run(*arguments: str, **how: Any) -> int:
        defaults = {
            "find": lambda _: Stack(storage, cast("EvaluationQueue", Queue()), workers.settings, ""),
            "sleep": workers.work,
            "ask": lambda _: "y",
        }
        return main(arguments, **defaults | how)

    return run


def graded(storage: Storage, session: Session, evaluation: Evaluation, *, question_id: int = DESIGN) -> Attempt:
    attempt, _ = add(storage, session, question_id=question_id, answer=f"{ANSWER} {uuid4()}")
    storage.evaluations.record(attempt, evaluation)
    return storage.attempts.get(session.user_id, session.id, attempt.id)


def failed(storage: Storage, session: Session) -> Attempt:
    attempt, _ = add(storage, session, answer=f"{ANSWER} {uuid4()}")
    storage.evaluations.fail(attempt, "Claude declined")
    return storage.attempts.get(session.user_id, session.id, attempt.id)


def of(storage: Storage, attempt: Attempt) -> Attempt:
    return storage.attempts.get(attempt.user_id, attempt.session_id, attempt.id)


def score(storage: Storage, attempt: Attempt) -> int | None:
    found = of(storage, attempt).evaluation
    return found.overall if found else None


def lines(output: str) -> list[str]:
    """Of what was printed, with single spaces."""
    return [re.sub(" +", " ", line).strip() for line in output.splitlines()]


# What is to be done


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, Standing.CURRENT),
        ({"model": "claude-sonnet-5-5"}, Standing.CURRENT),
        ({"model": "claude-sonnet-5-50"}, Standing.OUTDATED),
        (OLD_MODEL, Standing.OUTDATED),
        (OLD_RUBRIC, Standing.OUTDATED),
        (GRADED_OFFLINE, Standing.OUTDATED),
        ({"model": "gate"}, Standing.CURRENT),
        ({"model": "gate", "evaluator": Evaluator.OFFLINE}, Standing.CURRENT),
        ({"model": "gate"} | OLD_RUBRIC, Standing.OUTDATED),
    ],
)
def test_what_the_present_rubric_and_model_made_is_up_to_date(
    storage: Storage, session: Session, how: dict[str, Any], expected: Standing
) -> None:
    attempt = graded(storage, session, made(**how))

    assert Grader(Evaluator.CLAUDE, "claude-sonnet-5-5").standing(attempt) is expected


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ("anthropic.claude-haiku-5-5", "claude-haiku-5-5-20260801", Standing.CURRENT),
        ("eu.anthropic.claude-haiku-5-5", "anthropic.claude-haiku-5-5-v1:0", Standing.CURRENT),
        ("claude-haiku-5-5-20260801", "claude-haiku-5-5-20260801", Standing.CURRENT),
        ("claude-haiku-5-5-20260901", "claude-haiku-5-5-20260801", Standing.OUTDATED),
    ],
)
def test_a_dated_name_is_the_model_itself_wherever_it_runs(
    storage: Storage, session: Session, wanted: str, found: str, expected: Standing
) -> None:
    attempt = graded(storage, session, made(model=found))

    assert Grader(Evaluator.CLAUDE, wanted).standing(attempt) is expected


@pytest.mark.parametrize(("replaces", "expected"), [(False, Standing.CLAUDES), (True, Standing.OUTDATED)])
def test_offline_takes_claudes_place_only_when_it_is_told_to(
    storage: Storage, session: Session, replaces: bool, expected: Standing
) -> None:
    attempt = graded(storage, session, made(**OLD_RUBRIC))

    assert Grader(Evaluator.OFFLINE, OFFLINE_MODEL, replaces).standing(attempt) is expected


def test_what_was_graded_offline_costs_by_its_size_and_what_was_graded_by_claude_by_its_tokens(
    storage: Storage, session: Session
) -> None:
    grader = Grader(Evaluator.CLAUDE, "claude-sonnet-5-5")
    by_claude, offline, gated = (
        graded(storage, session, made(**how))
        for how in (OLD_RUBRIC, GRADED_OFFLINE, GRADED_OFFLINE | {"model": "gate"} | OLD_RUBRIC)
    )

    assert grader.estimate(by_claude) == 3_000 * 2 + 1_000 * 10
    assert 30_000 < (grader.estimate(offline) or 0) < 100_000
    assert grader.estimate(gated) == 0
    assert Grader(Evaluator.OFFLINE, OFFLINE_MODEL).estimate(offline) == 0
    assert Grader(Evaluator.CLAUDE, "another-model").estimate(by_claude) is None


# The command


def test_what_is_outdated_or_failed_is_evaluated_and_the_rest_left_alone(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    dynamodb: "DynamoDBClient",
    capsys: pytest.CaptureFixture[str],
) -> None:
    up, down, same = (graded(storage, session, made(overall, **OLD_RUBRIC)) for overall in (50, 90, 70))
    broken, current, pending = failed(storage, session), graded(storage, session, made(30)), add(storage, session)[0]

    code = reevaluate("--all")

    assert code == 0
    assert [score(storage, each) for each in (up, down, same, broken, current)] == [70, 70, 70, 70, 30]
    assert former_scores(dynamodb) == {(up.id, 1): 50, (down.id, 1): 90, (same.id, 1): 70}
    assert of(storage, current) == current
    assert pending.answer_text in workers.asked  # by the workers, since it was pending
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)
    assert imbalances(dynamodb) == []
    said = lines(capsys.readouterr().out)
    assert "claude grades now, with claude-sonnet-5-5." in said
    assert "product_design claude claude-sonnet-5-5-20260801 2025-01 to be evaluated again 3" in said
    assert "product_design failed failed, to be tried again 1" in said
    assert {"1 up to date", "1 pending, left alone"} <= set(said)
    assert "4 done: 4 evaluated, 0 failed." in said
    assert "Scores: 1 up, 1 down, 1 the same; +0.00 on average." in said
    assert "1 that had failed before have a score now." in said
    assert "Cost: $0.07" in said


def test_a_second_time_there_is_nothing_to_do(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    graded(storage, session, made(**OLD_RUBRIC))
    reevaluate("--all")

    code = reevaluate("--all", ask=lambda _: pytest.fail("nothing to ask"))

    assert code == 0
    assert capsys.readouterr().out.endswith("There is nothing to do.\n")
    assert len(workers.asked) == 1


@pytest.mark.parametrize("reply", ["", "n", "what?", EOFError])
def test_nothing_is_asked_for_without_a_yes(
    storage: Storage,
    session: Session,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    reply: Any,
) -> None:
    attempt = graded(storage, session, made(**OLD_RUBRIC))

    def ask(_: str) -> str:
        if reply is EOFError:
            raise EOFError
        return str(reply)

    code = reevaluate("--all", ask=ask)

    assert code == 0
    assert of(storage, attempt) == attempt
    assert "Estimated cost: $0.02" in capsys.readouterr().out


def test_one_user_or_one_category_or_both(storage: Storage, session: Session, reevaluate: Callable[..., int]) -> None:
    ada = a_user()
    storage.accounts.register(ada, "hash")
    hers, others = (storage.sessions.create(a_session(user_id))[0] for user_id in (ada.id, OTHER))
    old = made(**OLD_RUBRIC)
    design, strategy = (graded(storage, hers, old, question_id=question) for question in (DESIGN, STRATEGY))
    other = graded(storage, others, old, question_id=STRATEGY)

    seen = []
    for arguments in (["--user", "Ada@example.com", "--category", "strategy"], ["--user", ada.email], ["--all"]):
        assert reevaluate(*arguments) == 0
        seen.append([score(storage, each) for each in (design, strategy, other)])

    assert seen == [[50, 70, 50], [70, 70, 50], [70, 70, 70]]
    assert session.id not in (hers.id, others.id)


def test_what_fails_keeps_its_score_and_is_told_with_its_reason(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    good, refused = (graded(storage, session, made(50, **OLD_RUBRIC)) for _ in range(2))
    broken = failed(storage, session)
    workers.scores = dict.fromkeys([refused.answer_text, broken.answer_text], EvaluationRefused("Claude declined."))

    code = reevaluate("--all", "--yes")

    assert code == 1
    assert [score(storage, each) for each in (good, refused, broken)] == [70, 50, None]
    assert of(storage, refused).reevaluation_failure == "Claude declined."
    said = capsys.readouterr().out
    assert "3 done: 1 evaluated, 2 failed." in said
    assert "2 failed: Claude declined." in said
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)


@pytest.mark.parametrize("at_once", [1, 4])
def test_the_first_goes_alone_and_then_only_so_many_at_a_time(
    storage: Storage, session: Session, workers: Workers, reevaluate: Callable[..., int], at_once: int
) -> None:
    for _ in range(7):
        graded(storage, session, made(50, **OLD_RUBRIC))
    under_way: list[int] = []

    def sleep(_: float) -> None:
        under_way.append(sum(each.reevaluating is not None for each in storage.attempts.all()))
        workers.work()

    code = reevaluate("--all", "--at-once", str(at_once), sleep=sleep)

    assert code == 0
    assert under_way[0] == 1
    assert max(under_way) == at_once
    assert storage.sessions.get(USER, session.id).score_sum == 490


def test_a_stack_that_grades_as_before_is_noticed_at_the_first_answer(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    workers.how = {"model": "claude-haiku-5-5"}
    for _ in range(3):
        graded(storage, session, made(50, **OLD_MODEL))

    code = reevaluate("--all", "--yes")

    assert code == 1
    assert len(workers.asked) == 1
    said = capsys.readouterr().out
    assert "the stack grades by rubric" in said
    assert "with claude-haiku-5-5, but here it is" in said
    assert 'make reevaluate ARGS="--all --yes"' in said


@pytest.mark.parametrize("calls", range(4))
def test_an_interruption_anywhere_loses_nothing_and_the_next_run_goes_on(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    calls: int,
) -> None:
    for _ in range(4):
        graded(storage, session, made(50, **OLD_RUBRIC))
    slept = 0

    def sleep(_: float) -> None:
        nonlocal slept
        slept += 1
        if slept > calls:
            raise KeyboardInterrupt
        workers.work()

    code = reevaluate("--all", "--yes", "--at-once", "2", sleep=sleep)
    said = capsys.readouterr().out
    workers.work()
    again = reevaluate("--all")

    assert (code, again) == ((130, 0) if slept > calls else (0, 0))
    assert ('make reevaluate ARGS="--all --yes --at-once 2"' in said) is (code == 130)
    assert len(workers.asked) == 4
    assert storage.sessions.get(USER, session.id).score_sum == 280


def test_what_another_run_has_asked_for_is_watched_and_counted_too(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    waiting = graded(storage, session, made(50, **OLD_RUBRIC))
    storage.evaluations.request_reevaluation(waiting)

    code = reevaluate("--all")

    assert code == 0
    assert of(storage, waiting).round == 2
    assert len(workers.asked) == 1
    said = capsys.readouterr().out
    assert "1 on its way already" in said
    assert "Scores: 1 up, 0 down, 0 the same; +2.00 on average." in said


def test_what_arrives_between_the_reading_and_the_asking_is_counted_and_not_asked_for_again(
    storage: Storage, session: Session, workers: Workers, reevaluate: Callable[..., int]
) -> None:
    for _ in range(3):
        storage.evaluations.request_reevaluation(graded(storage, session, made(50, **OLD_RUBRIC)))

    code = reevaluate("--all", "--at-once", "1")

    assert code == 0
    assert len(workers.asked) == 3


def test_an_account_that_is_deleted_meanwhile_is_let_go(
    storage: Storage,
    session: Session,
    reevaluate: Callable[..., int],
    dynamodb: "DynamoDBClient",
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):
        graded(storage, session, made(50, **OLD_RUBRIC))

    def delete(_: float) -> None:
        for item in dynamodb.scan(TableName="coach")["Items"]:
            dynamodb.delete_item(TableName="coach", Key={"pk": item["pk"], "sk": item["sk"]})

    code = reevaluate("--all", sleep=delete)

    assert code == 0
    assert "2 had changed or were gone when their turn came." in capsys.readouterr().out
    assert dynamodb.scan(TableName="coach")["Items"] == []


def test_the_spend_limit_is_shown_while_it_lasts(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    graded(storage, session, made(50, **OLD_RUBRIC))
    storage.limits.trip_breaker(4_000_000_000)

    def raised(_: float) -> None:
        storage.limits.trip_breaker(0)
        workers.work()

    assert reevaluate("--all", sleep=raised) == 0
    assert "the spend limit is reached, the next try is at" in capsys.readouterr().out


def test_a_question_that_has_left_the_bank_is_left_alone(
    storage: Storage, session: Session, reevaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    graded(storage, session, made(50, **OLD_RUBRIC), question_id=999)

    assert reevaluate("--all") == 0
    assert "1 question or criterion no longer there, left alone" in capsys.readouterr().out


def test_offline_costs_nothing_and_says_so(
    storage: Storage,
    session: Session,
    workers: Workers,
    reevaluate: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    workers.settings, workers.how = OFFLINE, GRADED_OFFLINE
    graded(storage, session, made(50, **GRADED_OFFLINE | OLD_RUBRIC))
    kept = graded(storage, session, made(50))

    assert reevaluate("--all") == 0
    assert of(storage, kept) == kept
    said = capsys.readouterr().out
    assert "Estimated cost: nothing" in said
    assert "1 graded by Claude, left alone" in said


# What is said wrong


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say which answers: --user EMAIL, --category NAME or both, or --all"),
        (["--all", "--category", "strategy"], "say which answers"),
        (["--category", "cooking"], "no category is called 'cooking': there are product_design, strategy"),
        (["--all", "--at-once", "0"], "'0' is no whole number above 0"),
    ],
)
def test_wrong_arguments_are_named(
    reevaluate: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        reevaluate(*arguments)

    assert message in capsys.readouterr().err
    assert ended.value.code == 2


def test_an_unknown_user_is_named(reevaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert reevaluate("--user", "nobody@example.com") == 2
    assert capsys.readouterr().err == "make reevaluate: nobody is registered as nobody@example.com\n"


def test_no_stack_on_this_machine_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="start it with `make run`"):
        find(Namespace(stack=None, data_dir=tmp_path / "none"))

    assert list(tmp_path.iterdir()) == []


def test_a_stack_that_is_no_longer_running_is_none(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "endpoint").write_text("http://127.0.0.1:1")

    with pytest.raises(StackError, match="no stack is running"):
        find(Namespace(stack=None, data_dir=tmp_path))


def followed_up(storage: Storage, session: Session, criterion: str, evaluation: Evaluation) -> Attempt:
    """A follow-up at a criterion, to an answer that is up to date."""
    first, _ = add(storage, session, question_id=DESIGN)
    probe = Probe(criterion=criterion, question="Why should the company build this and not something else?")
    storage.evaluations.record(first, replace(made(70), follow_up=probe))
    attempt, _ = add(storage, session, question_id=DESIGN, answer=MORE[0], follow_up_to=first.id)
    storage.evaluations.record(attempt, evaluation)
    return of(storage, attempt)


def test_a_follow_up_is_graded_again_on_what_it_was_asked_and_stays_out_of_the_average(
    storage: Storage, session: Session, workers: Workers, reevaluate: Callable[..., int]
) -> None:
    attempt = followed_up(storage, session, "Goal and motivation", made(50, **OLD_RUBRIC))

    assert reevaluate("--all") == 0

    assert workers.asked == [MORE[0]]
    assert score(storage, attempt) == 70
    assert of(storage, attempt).probe == attempt.probe
    stored = storage.sessions.get(session.user_id, session.id)
    assert (stored.avg_score, stored.questions_count, stored.pending_count) == (7.0, 1, 0)


def test_a_follow_up_at_a_criterion_that_is_gone_is_left_alone(
    storage: Storage, session: Session, reevaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    attempt = followed_up(storage, session, "Charm", made(50, **OLD_RUBRIC))

    assert reevaluate("--all") == 0

    assert "1 question or criterion no longer there, left alone" in capsys.readouterr().out
    assert score(storage, attempt) == 50
