"""/practice: what to do next, a question with its editor, taking an answer, sessions in a mode."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from coach import questions
from coach.model import Category, Mode, Question
from coach.storage import Storage
from tests.conftest import OTHER, USER
from tests.unit.events import PAGES, Answer, call
from tests.unit.faults import Faults
from tests.unit.given import ANSWER, MORE, NOW, PROBE, Clock, a_session, add, an_evaluation, attempts_of, owned_by
from tests.unit.web.browsing import Browser, Page

pytestmark = pytest.mark.usefixtures("functions")

HTML = "<script>alert(1)</script> \"quoted\" & 'single' {{ 7 * 7 }} </textarea></div> and enough more to be an answer."
EDITOR = "/practice/answers"
NOWHERE = "44444444-4444-4444-8444-444444444444"
"""A session that there is not."""
SIGNED_IN_ONLY = sorted(
    path
    for method, path in PAGES
    if method == "GET" and path.startswith(("/practice", "/history", "/progress", "/account"))
)


def practised(storage: Storage) -> list[str]:
    """What there is of somebody's practice."""
    found = [sk for sk in owned_by(storage, USER) if not sk.startswith(("PROFILE", "BROWSER"))]
    return sorted(found)


def editor(ada: Browser, question: int = 1) -> Page:
    return ada.page(f"/practice/{questions.category(question)}?question={question}")


def kept(answer: Answer) -> str:
    """What stands in the editor of a page that has come back."""
    [form] = [fields for action, fields in Page(answer.body).forms.items() if action.endswith(EDITOR)]
    return form["answer_text"]


def problem(answer: Answer) -> str:
    [said] = Page(answer.body).alerts
    return said


# Nobody


def test_there_are_pages_for_who_has_signed_in() -> None:
    assert len(SIGNED_IN_ONLY) == 9


@pytest.mark.parametrize("path", SIGNED_IN_ONLY)
def test_nobody_is_led_to_sign_in_and_from_there_back(storage: Storage, path: str) -> None:
    target = path.format(category="strategy", session_id=str(uuid4()), attempt_id="1", form="json") + "?timer=5&x=a%26b"

    answer = Browser(storage, None).get(target)

    assert (answer.status, answer.body) == (303, "")
    form = Page(Browser(storage, None).get(answer.headers["location"].removeprefix("/prod")).body).forms
    assert form["/prod/auth/login/form"]["next"] == target


def test_an_answer_of_nobody_leads_to_sign_in_and_back_to_its_question(storage: Storage) -> None:
    answer = Browser(storage, None).post("/practice/answers", {"question_id": 1, "answer_text": ANSWER})

    assert answer.status == 303
    assert answer.headers["location"].endswith("?next=%2Fpractice%2Fproduct_design%3Fquestion%3D1")


def test_a_reply_of_nobody_leads_back_to_the_answer_that_was_asked_about(storage: Storage) -> None:
    session = str(uuid4())

    answer = Browser(storage, None).post(
        "/practice/answers", {"question_id": 1, "session_id": session, "follow_up_to": 2, "answer_text": ANSWER}
    )

    assert answer.headers["location"].endswith(f"%2Fpractice%2Fsessions%2F{session}%2Fattempts%2F2")


def test_a_part_of_a_page_is_not_replaced_by_the_page_to_sign_in(storage: Storage) -> None:
    target = f"/practice/sessions/{uuid4()}/attempts/1"

    answer = Browser(storage, None).get(f"{target}?part=outcome", **{"HX-Request": "true"})

    assert (answer.status, "location" in answer.headers) == (401, False)
    assert answer.headers["hx-redirect"] == f"/prod/auth/login?next={target.replace('/', '%2F')}"


def test_a_program_is_told_in_json() -> None:
    answer = call("GET", "/practice")

    assert (answer.status, answer.json()) == (401, {"detail": "Sign in first"})


@pytest.mark.parametrize("path", sorted(path for method, path in PAGES if method == "POST"))
def test_no_form_is_taken_of_which_nobody_says_where_it_stood(ada: Browser, faults: Faults, path: str) -> None:
    target = path.format(session_id=str(uuid4()), attempt_id="1")
    faults.next()

    answer = ada.post(target, "a=b", **{"Sec-Fetch-Site": None})

    assert (answer.status, faults.calls) == (403, [])
    assert "That did not work" in answer.body


# What to do next


def test_a_newcomer_sees_what_to_begin_with_and_seven_categories(ada: Browser) -> None:
    page = ada.page("/practice")

    assert "You have practised no categories so far" in page.text
    assert page.text.count("not practised yet") == page.text.count("0 of 20 questions answered") == len(Category)


def test_the_rows_count_questions_and_not_answers(ada: Browser, storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    for answer in (ANSWER, MORE[0]):
        storage.evaluations.record(add(storage, session, answer=answer)[0], an_evaluation(62))

    assert "Product design 1 of 20 questions answered 6.2 on average, offline" in ada.page("/practice").text


def test_a_question_that_has_left_the_bank_is_in_no_row(ada: Browser, storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    add(storage, session, question_id=9999)

    assert "Product design 0 of 20" in ada.page("/practice").text


def test_a_category_without_a_rested_question_still_has_one(ada: Browser, storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    for each in questions.questions(Category.STRATEGY):
        add(storage, session, question_id=each.id)

    assert "/prod/practice/answers" in ada.page("/practice/strategy").forms


def test_a_question_by_chance_is_none_that_waits_for_its_grade(
    ada: Browser, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = storage.sessions.create(a_session())
    add(storage, session, question_id=1)
    offered: list[int] = []

    def last(found: list[Question]) -> Question:
        offered.extend(each.id for each in found)
        return found[-1]

    monkeypatch.setattr("secrets.choice", last)

    page = ada.followed(ada.get("/practice/random"))

    assert len(offered) == len(questions.questions()) - 1
    assert page.forms["/prod/practice/answers"]["question_id"] == str(offered[-1])


BAD_QUERIES = [
    *(
        "question=",
        "question=x",
        "question=-1",
        "question=1.5",
        "question=²",
        "question=%00",
        "again=",
        "again=.",
        "timer=0",
    ),
    *(
        "timer=x",
        "timer=61",
        "timer=²",
        "again=x.1",
        "again=1",
        f"again={NOWHERE}.1",
        f"again={NOWHERE}.²",
        "part=outcome",
    ),
    *(f"question={'9' * 5000}", f"timer={'9' * 5000}", f"again={NOWHERE}.{'9' * 5000}", f"again={NOWHERE}.0"),
]


@pytest.mark.parametrize("query", BAD_QUERIES, ids=lambda each: each[:30])
def test_what_an_address_says_wrongly_is_passed_over_or_not_found(ada: Browser, query: str) -> None:
    answer = ada.get(f"/practice/strategy?{query}")

    unknown = query.startswith("question=") and query != "question="
    assert answer.status == (404 if unknown else 200)
    assert ("That is not here" in answer.body) == unknown


@pytest.mark.parametrize(
    "path", ["/practice/cooking", "/practice/STRATEGY", f"/practice/sessions/{NOWHERE}", "/practice/sessions/x"]
)
def test_what_is_not_there_is_a_page_that_leads_to_practice(ada: Browser, path: str) -> None:
    page = ada.page(path, 404)

    assert "/prod/practice" in page.links
    assert "/prod/account" in page.links  # still signed in


def test_a_timer_is_set_by_the_address(ada: Browser) -> None:
    found = [attributes for _, attributes in ada.page("/practice/strategy?timer=7").tags if "data-timer" in attributes]

    assert [(each["data-minutes"], "data-ends" in each) for each in found] == [("7", False)]


def test_the_page_of_a_question_of_another_category_takes_it_into_the_session_of_its_own(
    ada: Browser, storage: Storage
) -> None:
    session, _ = storage.sessions.create(a_session(category_filter=Category.STRATEGY))

    page = ada.page("/practice/strategy?question=1")

    assert page.forms["/prod/practice/answers"]["session_id"] != session.id


# Taking an answer


def test_an_answer_is_stored_and_leads_to_its_page(ada: Browser, storage: Storage) -> None:
    page = ada.followed(ada.sent(editor(ada), EDITOR, answer_text=ANSWER, time_spent_sec="75"))

    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    [attempt] = attempts_of(storage, session)
    assert (attempt.answer_text, attempt.question_id, attempt.time_spent_sec) == (ANSWER, 1, 75)
    assert ANSWER in page.text
    assert "Waiting for the grader" in page.text


def test_the_next_answer_of_the_day_is_of_the_same_session(ada: Browser, storage: Storage, clock: Clock) -> None:
    for question in (1, 4):
        assert ada.sent(editor(ada, question), EDITOR, answer_text=ANSWER).status == 303
        clock.advance(11 * 3600)

    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert session.questions_count == 2
    clock.advance(3600)
    ada.sent(editor(ada), EDITOR, answer_text=MORE[0] + MORE[1])
    assert len(list(storage.sessions.newest_first(USER, page_size=9))) == 2


@pytest.mark.parametrize("mode", [Mode.EXAM, Mode.TIMED, Mode.REVIEW])
def test_a_session_in_a_mode_takes_no_answer_that_was_not_begun_in_it(
    ada: Browser, storage: Storage, mode: Mode
) -> None:
    session, _ = storage.sessions.create(a_session(mode=mode))

    ada.sent(editor(ada), EDITOR, answer_text=ANSWER)

    assert attempts_of(storage, session) == []


def test_lines_end_as_they_were_typed(ada: Browser, storage: Storage) -> None:
    ada.sent(editor(ada), EDITOR, answer_text=f"First.\r\n\r\n{ANSWER}\r\n")

    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert attempts_of(storage, session)[0].answer_text == f"First.\n\n{ANSWER}\n"


def test_the_same_form_sent_twice_is_one_answer_though_time_has_gone_on(ada: Browser, storage: Storage) -> None:
    page = editor(ada)

    first, second = (ada.sent(page, EDITOR, answer_text=ANSWER, time_spent_sec=spent) for spent in ("60", "95"))

    assert first.headers["location"] == second.headers["location"]
    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert [each.time_spent_sec for each in attempts_of(storage, session)] == [60]


def test_a_form_that_was_changed_after_it_had_arrived_can_be_sent_once_more(ada: Browser, storage: Storage) -> None:
    page = editor(ada)
    ada.sent(page, EDITOR, answer_text=ANSWER)

    answer = ada.sent(page, EDITOR, answer_text=f"{ANSWER} And more.")

    assert (answer.status, kept(answer)) == (409, f"{ANSWER} And more.")
    assert problem(answer).startswith("Your answer has arrived already as it was before.")
    assert ada.sent(Page(answer.body), EDITOR).status == 303
    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert len(attempts_of(storage, session)) == 2


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "too short": ({"answer_text": "Short."}, "Short.", "An answer has at least 50 characters."),
    "nothing": ({"answer_text": ""}, "", "An answer has at least 50 characters."),
    "nothing that shows": (
        {"answer_text": " " * 60},
        " " * 60,
        "An answer has at least 50 characters, not counting space and invisible characters around it.",
    ),
    "too long": ({"answer_text": "x" * 20_001}, "x" * 20_001, "An answer has at most 20,000 characters."),
    "far too long": ({"answer_text": "<" * 900_000}, "<" * 100_000, "An answer has at most 20,000 characters."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_answer_that_cannot_be_taken_stays_in_the_editor(ada: Browser, storage: Storage, case: str) -> None:
    typed, stays, said = REFUSED[case]
    page = editor(ada)

    answer = ada.sent(page, EDITOR, **typed)

    assert (answer.status, kept(answer), problem(answer)) == (422, stays, said)
    assert answer.headers["hx-push-url"] == "false"
    assert practised(storage) == []
    before, after = page.forms["/prod/practice/answers"], Page(answer.body).forms["/prod/practice/answers"]
    assert {name: after[name] for name in ("question_id", "session_id", "key")} == {
        name: before[name] for name in ("question_id", "session_id", "key")
    }


def test_an_answer_beyond_the_days_share_stays_in_the_editor(
    ada: Browser, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    add(storage, session)
    before = practised(storage)
    monkeypatch.setenv("DAILY_ATTEMPT_LIMIT", "1")

    answer = ada.sent(editor(ada), EDITOR, answer_text=ANSWER)

    assert (answer.status, kept(answer)) == (429, ANSWER)
    assert problem(answer) == "The limit of 1 evaluations a day is reached. There are new ones from midnight on (UTC)."
    assert int(answer.headers["retry-after"]) > 0
    assert practised(storage) == before


def test_an_answer_to_a_question_that_has_left_the_bank_is_shown_to_take_along(ada: Browser, storage: Storage) -> None:
    answer = ada.sent(editor(ada), EDITOR, answer_text=HTML, question_id="99999")

    assert answer.status == 422
    assert "This question is no longer here" in answer.body
    assert HTML in Page(answer.body).text
    assert practised(storage) == []


@pytest.mark.parametrize("how", ["ended", "time up"])
def test_an_answer_that_comes_too_late_can_be_sent_once_more_outside_of_its_session(
    ada: Browser, storage: Storage, clock: Clock, how: str
) -> None:
    session, _ = storage.sessions.create(a_session(mode=Mode.EXAM, timer_minutes=5))
    page = ada.page(f"/practice/sessions/{session.id}/next")
    clock.advance(331) if how == "time up" else storage.sessions.end(USER, session.id)

    answer = ada.sent(page, EDITOR, answer_text=ANSWER)

    assert (answer.status, kept(answer)) == (409, ANSWER)
    assert problem(answer).endswith("Submit again to have your answer graded outside of it.")
    assert attempts_of(storage, session) == []
    assert ada.sent(Page(answer.body), EDITOR).status == 303
    assert attempts_of(storage, session) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "%ff=%ff",
        json.dumps({"question_id": 1}),
        "&".join(["a=b"] * 50),
        "question_id=1",
        "question_id=1&question_id=x&answer_text=a",
        f"question_id={'9' * 5000}",
        f"question_id=1&session_id=x&key={'k' * 5000}&time_spent_sec=-1&follow_up_to=x&answer_text=a",
        f"question_id=1&session_id={NOWHERE}&follow_up_to=0&answer_text=a",
        f"question_id=1&session_id={NOWHERE}&follow_up_to=999999999&answer_text={'a' * 60}",
        f"question_id=1&session_id=%00&follow_up_to=1&answer_text={'a' * 60}",
    ],
    ids=lambda each: each[:40],
)
def test_what_is_no_such_form_stores_nothing_and_is_no_error_of_ours(ada: Browser, storage: Storage, body: str) -> None:
    answer = ada.post("/practice/answers", body)

    assert answer.status in (409, 422)
    assert practised(storage) == []


@pytest.mark.parametrize("spent", ["", "x", "-5", "1.5", "999999", "9" * 5000])
def test_an_answer_is_taken_whatever_the_form_says_of_its_time(ada: Browser, storage: Storage, spent: str) -> None:
    assert ada.sent(editor(ada), EDITOR, answer_text=ANSWER, time_spent_sec=spent, session_id="odd").status == 303

    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert attempts_of(storage, session)[0].time_spent_sec == (86_400 if spent == "999999" else None)


def test_what_was_typed_is_text_on_the_page_of_the_answer(ada: Browser) -> None:
    page = ada.followed(ada.sent(editor(ada), EDITOR, answer_text=HTML))

    assert HTML in page.text
    assert [attributes.get("src") is None for tag, attributes in page.tags if tag == "script"] == [False, False]


def test_what_a_form_held_is_text_in_its_fields(ada: Browser) -> None:
    key = '"><b id="x">'

    answer = ada.sent(editor(ada), EDITOR, answer_text="</textarea><b>", key=key)

    page = Page(answer.body)
    assert page.forms["/prod/practice/answers"]["key"] == key
    assert (kept(answer), "b" in [tag for tag, _ in page.tags]) == ("</textarea><b>", False)


# Replies to what the interviewer asks on


@pytest.fixture
def asked_on(storage: Storage) -> str:
    """The page of an answer whose evaluation asks on."""
    session, _ = storage.sessions.create(a_session())
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(62, PROBE))
    return f"/practice/sessions/{session.id}/attempts/1"


def test_a_reply_is_stored_as_one_and_shows_what_it_answers(ada: Browser, storage: Storage, asked_on: str) -> None:
    page = ada.page(asked_on)
    assert PROBE.question in page.text

    reply = ada.followed(ada.sent(page, EDITOR, answer_text=MORE[0]))

    assert storage.attempts.get(USER, asked_on.split("/")[3], 2).follow_up_to == 1
    assert PROBE.question in reply.text
    assert ANSWER in reply.text
    assert f"You have answered what was asked on: {PROBE.question}" in ada.page(asked_on).text


def test_a_reply_that_is_too_short_stays_one(ada: Browser, storage: Storage, asked_on: str) -> None:
    answer = ada.sent(ada.page(asked_on), EDITOR, answer_text="Because.")

    assert (answer.status, kept(answer), problem(answer)) == (422, "Because.", "An answer has at least 50 characters.")
    assert f'<h1 class="question text-h2">{PROBE.question}</h1>' in answer.body
    assert ada.sent(Page(answer.body), EDITOR, answer_text=MORE[0]).status == 303
    assert storage.attempts.get(USER, asked_on.split("/")[3], 2).follow_up_to == 1


def test_a_reply_has_its_draft_where_the_editor_that_it_came_from_has_it(ada: Browser, asked_on: str) -> None:
    page = ada.page(asked_on)

    again = Page(ada.sent(page, EDITOR, answer_text="Because.").body)

    drafts = [[tag["data-draft"] for _, tag in each.tags if "data-draft" in tag] for each in (page, again)]
    assert drafts[0] == drafts[1]


def _replied(storage: Storage, session_id: str) -> None:
    add(storage, storage.sessions.get(USER, session_id), answer=MORE[1], follow_up_to=1)


LATE_REPLIES: dict[str, Callable[[Storage, str], Any]] = {
    "to what is answered": _replied,
    "to a session that has ended": lambda storage, session: storage.sessions.end(USER, session),
    "to what was deleted": lambda storage, session: storage.deletions.delete_session(USER, session),
}


@pytest.mark.parametrize("case", LATE_REPLIES)
def test_a_reply_that_comes_too_late_stays_in_the_editor(
    ada: Browser, storage: Storage, asked_on: str, case: str
) -> None:
    page = ada.page(asked_on)
    LATE_REPLIES[case](storage, asked_on.split("/")[3])
    before = practised(storage)

    answer = ada.sent(page, EDITOR, answer_text=MORE[0])

    assert (answer.status, kept(answer)) == (409, MORE[0])
    assert practised(storage) == before


def test_a_reply_to_another_question_than_was_asked_is_refused(ada: Browser, storage: Storage, asked_on: str) -> None:
    before = practised(storage)

    answer = ada.sent(ada.page(asked_on), EDITOR, answer_text=MORE[0], question_id="4")

    assert (answer.status, kept(answer)) == (422, MORE[0])
    assert practised(storage) == before


# Sessions in a mode


def test_a_session_starts_in_its_mode(ada: Browser, storage: Storage) -> None:
    page = ada.followed(
        ada.sent(
            ada.page("/practice"), "/practice/sessions", mode="exam", category_filter="strategy", timer_minutes="20"
        )
    )

    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert (session.mode, session.category_filter, session.timer_minutes) == (Mode.EXAM, Category.STRATEGY, 20)
    assert page.forms["/prod/practice/answers"]["session_id"] == session.id
    [ends] = [tag["data-ends"] for _, tag in page.tags if "data-ends" in tag]
    assert ends == "2026-11-21T12:20:00.400000+00:00"


BAD_SESSIONS: dict[str, tuple[dict[str, str], str]] = {
    "no minutes of a timed one": ({"mode": "timed"}, "A timed session needs its minutes: 1 to 60."),
    "minutes in words": ({"timer_minutes": "ten"}, "The minutes are a whole number from 1 to 60, or nothing."),
    "too many": ({"timer_minutes": "61"}, "The minutes are a whole number from 1 to 60, or nothing."),
    "fewer than none": ({"timer_minutes": "-5"}, "The minutes are a whole number from 1 to 60, or nothing."),
    "none at all": ({"timer_minutes": "0"}, "The minutes are a whole number from 1 to 60, or nothing."),
    "endless": ({"timer_minutes": "9" * 5000}, "The minutes are a whole number from 1 to 60, or nothing."),
    "no such mode": ({"mode": "sleep"}, "The mode is none of those that there are."),
    "no such category": ({"category_filter": "cooking"}, "The category is none of those that there are."),
}


@pytest.mark.parametrize("case", BAD_SESSIONS)
def test_a_session_that_cannot_be_says_why(ada: Browser, storage: Storage, case: str) -> None:
    typed, said = BAD_SESSIONS[case]

    answer = ada.sent(ada.page("/practice"), "/practice/sessions", **typed)

    assert (answer.status, problem(answer)) == (422, said)
    assert practised(storage) == []


@pytest.mark.parametrize("body", ["", "a=b", "id=x", "&".join(["a=b"] * 50), "mode=exam&mode=standard"])
def test_a_session_without_wishes_is_a_standard_one(ada: Browser, storage: Storage, body: str) -> None:
    assert ada.post("/practice/sessions", body).status == 303

    [(session, _)] = storage.sessions.newest_first(USER, page_size=9)
    assert (session.mode, session.timer_minutes) == (Mode.STANDARD, None)


def test_the_form_sent_twice_starts_one_session_and_from_a_page_of_before_another(
    ada: Browser, storage: Storage
) -> None:
    page = ada.page("/practice")

    first, second = (ada.sent(page, "/practice/sessions") for _ in range(2))
    other = ada.sent(page, "/practice/sessions", mode="exam")
    storage.sessions.end(USER, first.headers["location"].split("/")[4])
    again = ada.sent(page, "/practice/sessions")

    assert first.headers["location"] == second.headers["location"]
    assert len({each.headers["location"] for each in (first, other, again)}) == 3


def test_a_review_without_a_history_says_so_and_leads_on(ada: Browser) -> None:
    page = ada.followed(ada.sent(ada.page("/practice"), "/practice/sessions", mode="review"))

    assert "You have not answered any question of this kind yet." in page.text
    assert "/prod/practice" in page.links


@pytest.mark.parametrize("how", ["ended", "time up"])
def test_a_session_that_takes_no_answers_has_no_next_question(
    ada: Browser, storage: Storage, clock: Clock, how: str
) -> None:
    session, _ = storage.sessions.create(a_session(mode=Mode.TIMED, timer_minutes=5))
    clock.advance(331) if how == "time up" else storage.sessions.end(USER, session.id)

    page = ada.followed(ada.get(f"/practice/sessions/{session.id}/next"))

    assert ("Time is up: this session takes no more answers." in page.text) == (how == "time up")


def test_a_session_ends_with_what_was_best_and_weakest_in_it(ada: Browser, storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    storage.evaluations.record(add(storage, session)[0], an_evaluation(62))
    page = ada.page(f"/practice/sessions/{session.id}")

    summary = ada.followed(ada.sent(page, f"/practice/sessions/{session.id}/end"))

    assert "What you did" in summary.text
    assert "Questions 1 Average 6.2" in summary.text


@pytest.mark.parametrize(
    "path", ["/practice/sessions/{}", "/practice/sessions/{}/next", "/practice/sessions/{}/attempts/1"]
)
def test_what_is_anothers_is_not_there(ada: Browser, storage: Storage, path: str) -> None:
    session, _ = storage.sessions.create(a_session(OTHER))
    add(storage, session)

    answer, unknown = ada.get(path.format(session.id)), ada.get(path.format(uuid4()))

    assert (answer.status, answer.body) == (404, unknown.body)


@pytest.mark.parametrize("path", ["/practice/sessions/{}/end", "/practice/sessions/{}/attempts/1/evaluation"])
def test_nothing_is_done_to_what_is_anothers(ada: Browser, storage: Storage, path: str) -> None:
    session, _ = storage.sessions.create(a_session(OTHER))
    add(storage, session)
    before = owned_by(storage, OTHER)

    assert ada.post(path.format(session.id)).status == 404
    assert owned_by(storage, OTHER) == before


# Reads


READS = {
    "/practice": ["BatchGetItem", "Query"],
    "/practice/strategy": ["BatchGetItem", "Query", "Query"],
    "/practice/product_design?question=1": ["BatchGetItem", "Query"],
    "/practice/random": ["BatchGetItem", "Query"],
}
"""The browser's session with its account; the newest session; the history. No page reads one thing twice."""


@pytest.mark.parametrize("path", READS)
def test_a_page_reads_the_table_a_few_times(ada: Browser, storage: Storage, faults: Faults, path: str) -> None:
    session, _ = storage.sessions.create(a_session(started_at=NOW))
    add(storage, session)
    faults.next()

    assert ada.get(path).status in (200, 303)
    assert sorted(faults.calls) == READS[path]
