"""What holds under parallel requests: on the local stack, since moto is not safe under threads."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests

from coach.storage import keys
from local.image import STACK
from local.stack import LocalStack
from tests.e2e.client import Coach
from tests.e2e.test_walk import STRONG

FOLLOW_UP = "The owner of the mall would pay 4 euros a car, because eleven shops left in May."
DAILY_LIMIT = 200
LEFT = 20


def at_once(call: Callable[[int], requests.Response], times: int, *, together: int = 8) -> list[requests.Response]:
    """Call `times` times, so many at a time."""
    with ThreadPoolExecutor(together) as pool:
        return list(pool.map(call, range(times)))


def test_parallel_answers_are_numbered_without_gaps_and_counted_exactly(coach: Coach) -> None:
    session = coach.session()

    replies = at_once(lambda _: coach.answer(session, STRONG), 24)

    assert Counter(reply.status_code for reply in replies) == {201: 24}
    assert sorted(reply.json()["id"] for reply in replies) == list(range(1, 25))
    scores = [coach.settled(session, number)["overall_score"] for number in range(1, 25)]
    stats = coach.stats(session)
    assert (stats["questions_count"], stats["pending_count"]) == (24, 0)
    assert stats["avg_score"] == pytest.approx(sum(scores) / 24, abs=0.005001)


def test_one_idempotency_key_sent_in_parallel_makes_one_attempt(coach: Coach) -> None:
    session = coach.session()

    replies = at_once(lambda _: coach.answer(session, STRONG, Idempotency_Key="once"), 16)

    assert Counter(reply.status_code for reply in replies) == {201: 1, 200: 15}
    assert {reply.json()["id"] for reply in replies} == {1}
    assert coach.stats(session)["questions_count"] == 1


def test_a_question_asked_on_takes_one_answer_of_many_in_parallel_and_then_another_question_does(
    coach: Coach,
) -> None:
    session = coach.session()
    coach.answer(session, STRONG.split(". ")[0] + ". Somebody has to build it, and it should be good for all of them.")
    first = coach.settled(session)
    assert first["follow_up"]

    replies = at_once(lambda n: coach.answer(session, f"{FOLLOW_UP} This is the {n}th time.", follow_up_to=1), 16)

    assert Counter(reply.status_code for reply in replies) == {201: 1, 409: 15}
    second = coach.settled(session, 2)
    assert [each["name"] for each in second["criteria"]] == [first["follow_up"]["criterion"]]
    assert coach.answer(session, FOLLOW_UP, follow_up_to=1).status_code == 409
    assert coach.attempt(session)["follow_up"] == first["follow_up"]
    stats = coach.stats(session)
    assert (stats["questions_count"], stats["pending_count"]) == (1, 0)
    assert stats["avg_score"] == first["overall_score"]
    assert second["follow_up"]
    third = coach.answer(session, "Nobody has counted the guards, so I would begin with them.", follow_up_to=2)
    assert third.status_code == 201
    assert coach.settled(session, 3)["follow_up"] is None


def test_one_session_id_sent_in_parallel_makes_one_session(coach: Coach) -> None:
    chosen = {"id": str(uuid4()), "mode": "timed"}

    replies = at_once(lambda _: coach.post("/api/sessions", chosen), 16)

    assert Counter(reply.status_code for reply in replies) == {201: 1, 200: 15}
    assert len({reply.json()["started_at"] for reply in replies}) == 1


def test_an_address_is_registered_once_in_parallel(offline: LocalStack) -> None:
    name = uuid4().hex
    spellings = [f"{name}@example.com", f"{name.upper()}@example.com", f"{name}@EXAMPLE.com"]

    def register(number: int) -> requests.Response:
        body = {"email": spellings[number % 3], "password": "a long password"}
        return Coach(offline.url).post("/auth/register", body)

    replies = at_once(register, 9)

    assert Counter(reply.status_code for reply in replies) == {201: 1, 409: 8}


def test_of_forty_wrong_passwords_in_parallel_eight_are_told_and_others_sign_in_meanwhile(offline: LocalStack) -> None:
    guessed, other = (f"{uuid4()}@example.com" for _ in range(2))
    for address in (guessed, other):
        Coach(offline.url).post("/auth/register", {"email": address, "password": "a long password"})

    def sign_in(number: int) -> requests.Response:
        """Every fifth is another account's owner."""
        right = {"email": other, "password": "a long password"}
        wrong = {"email": guessed, "password": f"wrong password {number}"}
        return Coach(offline.url).post("/auth/login", wrong if number % 5 else right)

    replies = at_once(sign_in, 50, together=25)

    guesses = [reply for number, reply in enumerate(replies) if number % 5]
    assert Counter(reply.status_code for reply in guesses) == {401: 8, 429: 32}
    assert all(reply.headers["Retry-After"] for reply in guesses if reply.status_code == 429)
    assert {reply.status_code for reply in replies[::5]} == {200}
    right = Coach(offline.url).post("/auth/login", {"email": guessed, "password": "a long password"})
    assert right.status_code == 429


def test_no_answer_gets_into_a_session_that_has_ended(coach: Coach) -> None:
    session = coach.session()

    def answer_or_end(number: int) -> requests.Response:
        return coach.post(f"/api/sessions/{session}/end") if number == 8 else coach.answer(session, STRONG)

    replies = at_once(answer_or_end, 16)

    ended = replies.pop(8).json()
    taken = [reply for reply in replies if reply.status_code == 201]
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert coach.stats(session)["questions_count"] == len(taken) == ended["questions_count"]


def test_a_days_limit_is_exact_under_parallel_requests(coach: Coach, offline: LocalStack) -> None:
    sessions = [coach.session() for _ in range(8)]
    coach.answer(sessions[0], STRONG)
    add_to_the_day(offline, coach.get("/auth/me").json()["id"], DAILY_LIMIT - LEFT - 1)

    replies = at_once(lambda number: coach.answer(sessions[number % 8], STRONG), 100, together=50)

    assert Counter(reply.status_code for reply in replies) == {201: LEFT, 429: 100 - LEFT}
    assert sum(coach.stats(session)["questions_count"] for session in sessions) == LEFT + 1
    left = Counter(int(reply.headers["X-Quota-Remaining"]) for reply in replies)
    assert left == Counter(range(LEFT)) + Counter({0: 100 - LEFT})
    assert all(0 < int(reply.headers["Retry-After"]) <= 86_400 for reply in replies if reply.status_code == 429)


def test_a_limit_for_all_users_together_is_exact_under_parallel_requests(offline: LocalStack) -> None:
    users = [Coach.registered(offline.url) for _ in range(10)]
    sessions = [user.session() for user in users]

    with budget(offline, LEFT):
        first = [users[number].answer(sessions[number], STRONG) for number in range(3)]
        replies = at_once(lambda number: users[number % 10].answer(sessions[number % 10], STRONG), 100, together=50)

    assert [reply.headers["X-Quota-Remaining"] for reply in first] == [str(LEFT - 1), str(LEFT - 2), str(LEFT - 3)]
    taken = LEFT - len(first)
    assert Counter(reply.status_code for reply in replies) == {201: taken, 429: 100 - taken}
    counts = [user.stats(session)["questions_count"] for user, session in zip(users, sessions, strict=True)]
    assert sum(counts) == LEFT
    for reply in replies:
        left = int(reply.headers["X-Quota-Remaining"])
        assert 0 <= left < taken if reply.status_code == 201 else left == 0
    refused = [reply for reply in replies if reply.status_code == 429]
    assert all("everybody" in reply.json()["detail"] for reply in refused)
    assert all(0 < int(reply.headers["Retry-After"]) <= 86_400 for reply in refused)
    assert users[0].answer(sessions[0], STRONG).status_code == 201


@contextmanager
def budget(stack: LocalStack, evaluations: int) -> Iterator[None]:
    """As if the stack had been deployed with so many evaluations a day for everybody; none has counted on it before."""
    resources = stack.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    [function] = [each["PhysicalResourceId"] for each in resources if each["LogicalResourceId"] == "AddAttempt"]
    lambdas = stack.client("lambda")
    variables = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    limited = variables | {"DAILY_EVALUATION_BUDGET": str(evaluations)}
    lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": limited})
    try:
        yield
    finally:
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def add_to_the_day(stack: LocalStack, user: str, answers: int) -> None:
    """As if the user had submitted so many more today."""
    key = {name: {"S": value} for name, value in keys.quota(user, datetime.now(UTC)).items()}
    stack.client("dynamodb").update_item(
        TableName=stack.image.table,
        Key=key,
        UpdateExpression="ADD attempts :answers",
        ConditionExpression="attempts = :one",
        ExpressionAttributeValues={":answers": {"N": str(answers)}, ":one": {"N": "1"}},
    )
