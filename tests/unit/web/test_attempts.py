"""An answer's page: what becomes of it, its feedback with the evidence marked, what has changed since the last one."""

from dataclasses import replace
from typing import Any

import pytest

from coach import questions
from coach.model import Attempt, Criterion, Evaluator, Mode, Session, Status
from coach.storage import Storage
from tests.conftest import USER
from tests.unit.documents import SITTING, a_document, a_sitting, an_attempt
from tests.unit.events import call
from tests.unit.faults import Faults
from tests.unit.given import ANSWER, MORE, PROBE, Clock, a_session, add, an_evaluation, ask_again, request_for
from tests.unit.web.browsing import Browser, Page

pytestmark = pytest.mark.usefixtures("functions")

HTML = "<script>alert(1)</script> \"it\" & 'this' {{ 7 * 7 }} </div>"
SECRETS = (
    "Secret strength",
    "Secret improvement",
    "Secret framework",
    "Secret point",
    "Secret criterion",
    "Secret probe",
)
"""What a grader says in these tests."""


def failed(storage: Storage, attempt: Attempt, reason: str = "The grader could not be asked.") -> None:
    assert storage.evaluations.fail(attempt, reason)


def where(attempt: Attempt) -> str:
    return f"/practice/sessions/{attempt.session_id}/attempts/{attempt.id}"


def tags(page: Page, name: str) -> list[dict[str, Any]]:
    return [attributes for tag, attributes in page.tags if tag == name]


def secretive(overall: int = 62) -> Any:
    """An evaluation of which nothing may be told in an exam that goes on."""
    strength, improvement, framework, point, criterion, probe = SECRETS
    return replace(
        an_evaluation(overall, replace(PROBE, question=probe)),
        strengths=(strength,),
        improvements=(improvement,),
        suggested_framework=framework,
        example_point=point,
        criteria=(Criterion(name=criterion, score=37, evidence=("Drivers circle",), comment="Secret comment"),),
    )


# While it is graded


def test_an_answer_that_waits_shows_for_how_long_and_asks_again(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    attempt, _ = add(storage, session)
    clock.advance(14)

    page = ada.page(where(attempt))

    assert "Waiting for the grader, 14 s" in page.text
    [polls] = [each for each in tags(page, "div") if "hx-get" in each]
    assert polls["hx-get"] == f"/prod{where(attempt)}?part=outcome"


def test_a_script_gets_the_part_alone_and_anybody_else_the_page(
    ada: Browser, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)

    part = ada.get(f"{where(attempt)}?part=outcome", **{"HX-Request": "true"})
    page = ada.get(f"{where(attempt)}?part=outcome")

    assert ("<html" in part.body, "<html" in page.body) == (False, True)
    assert ANSWER in part.body


def test_an_answer_that_is_at_work_says_so(ada: Browser, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.take_lease(request_for(attempt), seconds=95)

    assert "Being graded, 0 s" in ada.page(where(attempt)).text


def test_an_answer_that_was_lost_can_be_sent_to_be_graded_again(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    attempt, _ = add(storage, session)
    clock.advance(3601)
    page = ada.page(where(attempt))
    assert not [each for each in tags(page, "div") if "hx-get" in each]

    ada.followed(ada.sent(page, "/evaluation"))

    assert storage.attempts.get(USER, session.id, 1).round == 2


# A grade that could not be had


def test_an_answer_without_a_grade_says_why_and_asks_again(ada: Browser, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    failed(storage, attempt, f"Because {HTML}.")
    page = ada.page(where(attempt))
    assert f"This answer has no grade. Because {HTML}." in page.text

    ada.followed(ada.sent(page, "/evaluation"))

    assert storage.attempts.get(USER, session.id, 1).status is Status.PENDING


def test_asking_again_beyond_the_days_share_says_so_on_the_page(
    ada: Browser, storage: Storage, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, _ = add(storage, session)
    failed(storage, attempt)
    monkeypatch.setenv("DAILY_ATTEMPT_LIMIT", "1")

    answer = ada.sent(ada.page(where(attempt)), "/evaluation")

    assert (answer.status, "retry-after" in answer.headers) == (429, True)
    assert Page(answer.body).alerts == [
        "The limit of 1 evaluations a day is reached. There are new ones from midnight on (UTC)."
    ]
    assert storage.attempts.get(USER, session.id, 1).round == 1


def test_asking_again_for_what_is_graded_says_so_on_the_page(ada: Browser, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    failed(storage, attempt)
    page = ada.page(where(attempt))
    ask_again(storage, session)
    storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation(62))

    answer = ada.sent(page, "/evaluation")

    assert (answer.status, Page(answer.body).alerts) == (409, ["The attempt is evaluated already."])


@pytest.mark.parametrize("number", ["0", "01", "+1", "1.", "-1", "x", "²", "1000000", "9" * 5000, "2"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_no_number_of_an_answer_is_not_there(
    ada: Browser, storage: Storage, session: Session, number: str, method: str
) -> None:
    add(storage, session)
    path = f"/practice/sessions/{session.id}/attempts/{number}"

    answer = ada.get(path) if method == "get" else ada.post(f"{path}/evaluation")

    assert (answer.status, "That is not here" in answer.body) == (404, True)


# Feedback


def test_the_answer_is_marked_where_it_was_quoted_and_the_grade_says_whose_it_is(
    ada: Browser, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(62))

    page = ada.page(where(attempt))

    [mark] = [each for each in tags(page, "a") if each.get("class") == "mark"]
    assert (mark["href"], mark["data-criteria"]) == ("#criterion-0", "0")
    assert [each["id"] for each in tags(page, "li") if "id" in each] == ["criterion-0"]
    assert "6.2 solid, graded offline" in page.text
    assert "A hint only" in page.text


def test_what_people_and_graders_wrote_is_text(ada: Browser, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session, answer=f"{HTML} {ANSWER}")
    said = replace(
        an_evaluation(62, replace(PROBE, question=f"Probe {HTML}", criterion=f"About {HTML}")),
        strengths=(f"Strength {HTML}",),
        improvements=(f"First {HTML}", f"Second {HTML}"),
        suggested_framework=f"Framework {HTML}",
        example_point=f"Point {HTML}",
        criteria=(Criterion(name=f"Name {HTML}", score=80, evidence=(HTML,), comment=f"Comment {HTML}"),),
        model=f"Model {HTML}",
        evaluator=Evaluator.CLAUDE,
    )
    storage.evaluations.record(attempt, said)

    page = ada.page(where(attempt))

    for what in ("Probe", "About", "Strength", "First", "Second", "Framework", "Point", "Name", "Comment", "Model"):
        assert f"{what} {HTML}" in page.text, what
    assert [each.get("src") for each in tags(page, "script")] == [each["src"] for each in tags(page, "script")]
    listed = ada.page(f"/practice/sessions/{session.id}"), ada.page("/progress"), ada.page("/history")
    assert all(len(tags(each, "script")) == 2 for each in (page, *listed))


def test_a_question_that_has_left_the_bank_leaves_its_answers(ada: Browser, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session, question_id=9999)
    storage.evaluations.record(attempt, an_evaluation(62))

    page = ada.page(where(attempt))

    assert "This question is no longer in the bank" in page.text
    assert "Try again" not in page.text
    assert "A question that is gone" in ada.page(f"/practice/sessions/{session.id}").text


def test_the_sample_answer_is_there_once_there_is_a_grade(ada: Browser, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    sample = " ".join((questions.question(1).sample_answer or "").split())
    assert sample not in ada.page(where(attempt)).text

    storage.evaluations.record(attempt, an_evaluation(62))

    assert sample in ada.page(where(attempt)).text


def test_a_session_whose_time_is_up_asks_on_no_more(ada: Browser, storage: Storage, clock: Clock) -> None:
    session, _ = storage.sessions.create(a_session(mode=Mode.TIMED, timer_minutes=5))
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(62, PROBE))
    assert PROBE.question in ada.page(where(attempt)).text

    clock.advance(331)

    assert PROBE.question not in ada.page(where(attempt)).text


def test_a_reply_without_the_answer_before_it_is_shown_alone(ada: Browser) -> None:
    reply = an_attempt(2, follow_up_to=1, answer_text=MORE[0])
    assert call("POST", "/api/import", a_document(a_sitting(reply)), user=USER).status == 200

    page = ada.page(f"/practice/sessions/{SITTING}/attempts/2")

    assert MORE[0] in page.text


# A second try


def second(storage: Storage, session: Session, clock: Clock, **changes: Any) -> Attempt:
    first, _ = add(storage, session, answer=f"{ANSWER} {MORE[0]}")
    storage.evaluations.record(first, an_evaluation(51))
    clock.advance(60)
    attempt, _ = add(storage, session, answer=f"{ANSWER} {MORE[1]}")
    criteria = (Criterion(name="Goal", score=92, evidence=(), comment="Clear"),)
    storage.evaluations.record(attempt, replace(an_evaluation(68), criteria=criteria, **changes))
    return attempt


def test_a_second_try_shows_the_difference_and_what_is_new(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    page = ada.page(where(second(storage, session, clock)))

    assert "+1.7 since earlier today (5.1)" in page.text
    assert "+1.2 since your last answer." in page.text
    new = page.text.partition("New in this answer:")[2]
    assert MORE[1] in new
    assert MORE[0] not in new
    assert ANSWER not in new


def test_a_second_try_by_another_yardstick_is_not_compared(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    page = ada.page(where(second(storage, session, clock, model="offline-2")))

    assert "5.1 then, graded offline; 6.8 now, graded offline. The two do not compare." in page.text
    assert "since your last answer" not in page.text


def test_trying_again_shows_the_answer_before_beside_the_editor(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    attempt = second(storage, session, clock)
    [again] = [each for each in ada.page(where(attempt)).links if "again=" in each]

    page = ada.page(again.removeprefix("/prod"))

    assert f"Your answer of today, 6.8 {ANSWER} {MORE[1]}" in page.text


# Exams


def test_an_exam_that_goes_on_tells_nothing_that_a_grader_said(ada: Browser, storage: Storage, clock: Clock) -> None:
    before, _ = storage.sessions.create(a_session())
    first, _ = add(storage, before, answer=f"{ANSWER} {MORE[0]}")
    storage.evaluations.record(first, an_evaluation(51))
    exam, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    clock.advance(60)
    graded, _ = add(storage, exam, answer=f"{ANSWER} {MORE[1]}")
    storage.evaluations.record(graded, secretive(37))
    ungraded, _ = add(storage, exam)
    failed(storage, ungraded, "Secret failure")
    sample = (questions.question(1).sample_answer or "")[:60]
    session = f"/practice/sessions/{exam.id}"
    pages = [
        *(where(graded), where(ungraded), f"{where(graded)}?part=outcome", where(first), session, f"{session}/next"),
        *("/history", "/history?evaluator=offline", "/progress", "/progress?category=product_design", "/practice"),
        *(
            "/account/export/json",
            "/account/export/csv",
            "/account/export/markdown",
            "/practice/product_design?question=1",
        ),
        f"/practice/product_design?question=1&again={exam.id}.{graded.id}",
    ]

    def leaks() -> set[str]:
        said = {each: ada.get(each).body + ada.get(each, **{"HX-Request": "true"}).body for each in pages}
        for_sure = ("Secret", "3.7", sample)
        return {f"{words} {each}" for each, body in said.items() for words in for_sure if words in body}

    assert leaks() == set()
    refused = ada.post(f"{where(graded)}/evaluation").body
    assert "Secret" not in refused
    storage.sessions.end(USER, exam.id)
    assert {each for each in leaks() if each.startswith(("Secret", "3.7"))} >= {
        f"Secret {where(graded)}",
        f"Secret {where(ungraded)}",
        f"3.7 {session}",
        "3.7 /history",
        "Secret /account/export/json",
    }
    assert f"{sample} {where(first)}" in leaks()


# Reads


READS = {"pending": 3, "evaluated": 7, "follow-up": 5}
"""The browser's session with its account, the attempt with its session, the session. Of an evaluated one also which
attempts there are at its question, these, what exams that go on withhold of them, and whether the sample answer may be
seen; of a follow-up the answer before it, and the sample answer again."""


@pytest.mark.parametrize("kind", READS)
def test_the_page_reads_the_table_a_few_times(
    ada: Browser, storage: Storage, session: Session, faults: Faults, kind: str
) -> None:
    attempt, _ = add(storage, session)
    if kind != "pending":
        storage.evaluations.record(attempt, an_evaluation(62, PROBE))
    if kind == "follow-up":
        attempt, _ = add(storage, session, answer=MORE[0], follow_up_to=1)
        storage.evaluations.record(attempt, an_evaluation(62))
    faults.next()

    assert ada.get(where(attempt)).status == 200
    assert (len(faults.calls), set(faults.calls)) == (
        READS[kind],
        set(faults.calls) & {"GetItem", "BatchGetItem", "Query"},
    )
