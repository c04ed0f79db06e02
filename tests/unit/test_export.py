"""GET /api/export: all that somebody owns, in pages of JSON, CSV and Markdown."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coach.http.exports import MOST_BYTES, ExportFormat, as_csv, as_markdown
from coach.http.schemas.imports import ImportIn
from coach.model import Attempt, Category, Mode, Status
from coach.storage import Storage
from coach.storage.exports import MOST_SESSIONS
from tests.conftest import OTHER, USER
from tests.unit.documents import (
    A_PROBE,
    SITTING,
    UNSCORED,
    Document,
    a_document,
    a_sitting,
    an_attempt,
    imported,
)
from tests.unit.events import Answer, call
from tests.unit.given import ANSWER, NOW, a_session, a_user, add, an_evaluation

LAMBDA_BYTES = 6 * 1024 * 1024
FORMATS = pytest.mark.parametrize("form", ExportFormat)

pytestmark = pytest.mark.usefixtures("functions")


def export(query: str = "", user: str = USER) -> Answer:
    found = call("GET", f"/api/export?{query}", user=user)
    assert found.status == 200, found.body
    return found


def pages(query: str, user: str = USER) -> Iterator[Answer]:
    onward: str | None = query
    while onward is not None:
        page = export(onward, user)
        yield page
        link = page.headers.get("link")
        onward = urlsplit(re.findall("<(.*)>", link)[0]).query if link else None


def numbers(page: Answer) -> list[tuple[str, list[int]]]:
    return [(session["id"], [each["id"] for each in session["attempts"]]) for session in page.json()["sessions"]]


def joined(query: str) -> list[Document]:
    """The sessions of all pages."""
    found: dict[str, Document] = {}
    for page in pages(query):
        for session in page.json()["sessions"]:
            found.setdefault(session["id"], session | {"attempts": []})["attempts"].extend(session["attempts"])
    return list(found.values())


def practise(storage: Storage) -> None:
    """Sessions of which one is empty, with pending, evaluated and failed attempts, and follow-ups."""
    for index, count in enumerate((3, 0, 5, 1)):
        session = storage.sessions.create(a_session(started_at=NOW.replace(hour=index)))[0]
        for number in range(count):
            attempt, _ = add(storage, session, question_id=number + 1)
            if number % 3 == 0:
                storage.evaluations.record(attempt, an_evaluation(50 + number))
            elif number % 3 == 1:
                storage.evaluations.fail(attempt, "Claude declined.")


# What is in it


def test_it_holds_the_user_and_what_the_lists_tell_oldest_first(storage: Storage) -> None:
    practise(storage)

    found = export().json()

    sessions = call("GET", "/api/sessions", user=USER).json()[::-1]
    assert [each | {"attempts": None} for each in found["sessions"]] == [each | {"attempts": None} for each in sessions]
    for session in found["sessions"]:
        assert session["attempts"] == call("GET", f"/api/sessions/{session['id']}/attempts", user=USER).json()
    assert (found["format"], found["version"]) == ("pm-interview-coach", 1)
    assert found["user"] == call("GET", "/auth/me", user=USER).json()


@FORMATS
def test_an_account_without_practice_has_an_empty_page(form: str) -> None:
    page = export(f"format={form}")

    assert "link" not in page.headers
    assert form != "json" or page.json()["sessions"] == []
    assert form != "csv" or page.body == ",".join(as_csv.COLUMNS) + "\r\n"


@FORMATS
def test_nothing_of_anybody_else_is_in_it(storage: Storage, form: str) -> None:
    practise(storage)

    page = export(f"format={form}", OTHER)

    assert ANSWER not in page.body
    assert USER not in page.body


@pytest.mark.parametrize(
    ("form", "content_type", "file_name"),
    [
        ("json", "application/json", "pm-interview-coach.json"),
        ("csv", "text/csv; charset=utf-8; header=present", "pm-interview-coach.csv"),
        ("markdown", "text/markdown; charset=utf-8", "pm-interview-coach.md"),
    ],
)
def test_a_page_says_what_it_is(form: str, content_type: str, file_name: str) -> None:
    headers = export(f"format={form}").headers

    assert headers["content-type"] == content_type
    assert headers["content-disposition"] == f'attachment; filename="{file_name}"'
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query", ["format=xml", "format=JSON", "format=", "limit=0", "limit=101", "cursor=x", "form=csv"]
)
def test_a_parameter_that_means_nothing_is_refused(query: str) -> None:
    assert call("GET", f"/api/export?{query}", user=USER).status == 422


def test_who_has_no_account_any_more_gets_401() -> None:
    assert call("GET", "/api/export", user="33333333-3333-4333-8333-333333333333").status == 401


@FORMATS
def test_of_an_exam_that_goes_on_there_is_no_evaluation(storage: Storage, form: str) -> None:
    session = storage.sessions.create(a_session(mode=Mode.EXAM))[0]
    storage.evaluations.record(add(storage, session)[0], an_evaluation(87))
    storage.evaluations.fail(add(storage, session)[0], "Claude declined.")
    told = ("8.7", "Names a segment", "Clear", "offline", "Claude declined.")

    before = export(f"format={form}").body
    storage.sessions.end(USER, session.id)
    after = export(f"format={form}").body

    assert [each for each in told if each in before] == []
    assert [each for each in told if each in after] == list(told)


def test_an_exam_that_ends_while_it_is_read_is_shown_as_ended_or_not_at_all(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = storage.sessions.create(a_session(mode=Mode.EXAM))[0]
    storage.evaluations.record(add(storage, session)[0], an_evaluation(87))
    get_all = storage.table.get_all

    def ends(keys: Any) -> Any:
        storage.sessions.end(USER, session.id)
        return get_all(keys)

    monkeypatch.setattr(storage.table, "get_all", ends)
    (found,) = export().json()["sessions"]

    assert (found["ended_at"] is None, found["attempts"][0]["overall_score"]) == (False, 8.7)


def test_a_session_that_is_being_deleted_is_not_in_it(storage: Storage) -> None:
    from coach.storage import keys

    for session_id in (SITTING, OTHER):
        imported(a_document(a_sitting(an_attempt(1, session_id), session_id=session_id)))
    storage.table.update(keys.session(USER, SITTING), "SET deletion = :t", "attribute_exists(pk)", {":t": "t"})

    assert numbers(export()) == [(OTHER, [1])]


# Pages


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 8, 100])
def test_pages_together_hold_everything_once_and_each_can_be_imported(storage: Storage, limit: int) -> None:
    practise(storage)
    whole = export("limit=100").json()["sessions"]

    found = list(pages(f"limit={limit}"))

    assert joined(f"limit={limit}") == whole
    for page in found:
        ImportIn.model_validate(page.json())
        assert sum(len(of_one) for _, of_one in numbers(page)) <= limit
    assert len(found) <= 9 // limit + 2


def test_many_empty_sessions_come_in_pages_too(storage: Storage) -> None:
    for _ in range(MOST_SESSIONS + 2):
        storage.sessions.create(a_session())

    assert [len(page.json()["sessions"]) for page in pages("limit=1")] == [MOST_SESSIONS, 2]


def test_a_page_ends_where_numbers_skip_so_that_it_can_be_imported() -> None:
    for number in (1, 2, 4, 7, 8):
        imported(a_document(a_sitting(an_attempt(number))))

    found = list(pages("limit=50"))

    assert [numbers(page) for page in found] == [[(SITTING, [1, 2])], [(SITTING, [4])], [(SITTING, [7, 8])]]


@FORMATS
@pytest.mark.parametrize("letter", ["漢", "\x01"])
def test_no_page_is_larger_than_3_mb_nor_than_lambda_takes(form: str, letter: str) -> None:
    for first in range(1, 51, 10):
        attempts = [an_attempt(n, answer_text=f"{ANSWER}{letter * 19_800}") for n in range(first, first + 10)]
        assert imported(json.dumps(a_document(a_sitting(*attempts)), ensure_ascii=letter == "\x01")).status == 200

    found = list(pages(f"format={form}&limit=100"))

    for page in found:
        assert len(page.body.encode()) <= MOST_BYTES
        assert len(json.dumps(page.body)) <= LAMBDA_BYTES
    assert sum(page.body.count(ANSWER[:40]) for page in found) == 50


def test_a_page_holds_at_least_one_attempt_however_large() -> None:
    text = "\x01" * 190_000
    for number in (1, 2, 3):
        assert imported(a_document(a_sitting(an_attempt(number, improvements=[text, text])))).status == 200

    found = list(pages("limit=100"))

    assert [numbers(page) for page in found] == [[(SITTING, [n])] for n in (1, 2, 3)]
    assert all(len(page.body.encode()) <= MOST_BYTES for page in found)


def test_a_cursor_is_good_for_its_user_and_format_only(storage: Storage) -> None:
    practise(storage)
    link = export("limit=1").headers["link"]
    cursor = re.findall("cursor=([^>&]*)", link)[0]

    assert 'rel="next"' in link
    assert call("GET", f"/api/export?format=csv&limit=1&cursor={cursor}", user=USER).status == 422
    assert call("GET", f"/api/export?limit=1&cursor={cursor}", user=OTHER).status == 422
    assert call("GET", f"/api/export?limit=7&cursor={cursor}", user=USER).status == 200


# CSV


def test_a_line_has_the_fields_of_an_attempt_and_its_session() -> None:
    attempt = an_attempt(
        strengths=["One", "Two, too"], improvements=[], follow_up=A_PROBE, answer_text=f'"\n{ANSWER}\r\n,;'
    )
    imported(a_document(a_sitting(attempt, mode="timed", timer_minutes=10, ended_at="2026-11-20T10:00:00Z")))

    head, line = csv.reader(io.StringIO(export("format=csv").body, newline=""))

    found = dict(zip(head, line, strict=True))
    assert head == [*an_attempt(), "category_filter", "mode", "started_at", "ended_at"]
    assert found["answer_text"] == attempt["answer_text"]
    assert (found["id"], found["overall_score"], found["framework_score"]) == ("1", "6.4", "6.0")
    assert (found["strengths"], found["improvements"]) == ("One | Two, too", "")
    assert json.loads(found["criteria"]) == attempt["criteria"]
    assert json.loads(found["evaluation"])["evaluator"] == "claude"
    assert json.loads(found["follow_up"]) == A_PROBE
    assert (found["failure"], found["follow_up_to"], found["category_filter"]) == ("", "", "")
    assert (found["mode"], found["ended_at"]) == ("timed", "2026-11-20T10:00:00Z")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_guarded(start: str) -> None:
    text = f'{start}cmd|" /C calc"!A0'
    imported(
        a_document(
            a_sitting(
                an_attempt(answer_text=text + ANSWER, strengths=[text], suggested_framework=text, example_point=text)
            )
        )
    )

    head, line = csv.reader(io.StringIO(export("format=csv").body, newline=""))

    found = dict(zip(head, line, strict=True))
    for name in ("answer_text", "strengths", "suggested_framework", "example_point"):
        assert found[name].startswith(f"'{start}")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)


def test_each_csv_page_has_its_head_and_lines_end_as_rfc_4180_has_it(storage: Storage) -> None:
    practise(storage)

    found = list(pages("format=csv&limit=2"))

    assert len(found) > 2
    head = ",".join(as_csv.COLUMNS) + "\r\n"
    assert all(page.body.startswith(head) and page.body.endswith("\r\n") for page in found)
    assert sum(len(list(csv.reader(io.StringIO(page.body, newline="")))) - 1 for page in found) == 9


# Markdown


SPECIAL = [*"ab1 .)#*_-+=>|`~[]()!&;:<>/\\$\"'\t\n\r"]
PIECES = ["```", "~~~", "---", "<!--", "<div>", "\n\n", "    ", "[x]: ", "&lt;", "1. ", "| a |\n|---|\n"]
NASTY = st.lists(st.sampled_from(SPECIAL + PIECES), max_size=40).map("".join)


def rendered(text: str) -> Any:
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text)


def written(answer: str, **changes: Any) -> str:
    """An attempt in Markdown, with another one behind it."""
    session = a_session()
    attempt = Attempt(
        id=1,
        user_id=USER,
        session_id=session.id,
        question_id=1,
        category=Category.PRODUCT_DESIGN,
        answer_text=answer,
        time_spent_sec=75,
        status=Status.EVALUATED,
        round=1,
        evaluation=replace(an_evaluation(), **changes),
        failure=None,
        created_at=NOW,
        asked_at=NOW,
    )
    last = replace(attempt, id=2, answer_text="The end.", evaluation=None, status=Status.FAILED, failure="No.")
    return as_markdown.page(
        a_user(),
        [(as_markdown.session(session), [as_markdown.attempt(session, each) for each in (attempt, last)])],
    )


EXPECTED = [token.type for token in rendered(written("Plain."))]


@given(NASTY)
def test_what_was_typed_stays_in_its_place_and_is_shown_as_it_was_typed(text: str) -> None:
    tokens = rendered(written(f"Begin\n{text}\nend"))

    types = [token.type for token in tokens]
    assert [each for each in types if "paragraph" not in each and each != "inline"] == [
        each for each in EXPECTED if "paragraph" not in each and each != "inline"
    ]
    start = types.index("blockquote_open", types.index("blockquote_open") + 1)
    end = types.index("blockquote_close", start)
    inline = [child for token in tokens[start:end] if token.type == "inline" for child in token.children]
    assert {child.type for child in inline} <= {"text", "text_special", "softbreak", "hardbreak"}
    shown = "".join(child.content if "text" in child.type else "\n" for child in inline)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", f"Begin\n{text}\nend")


@given(NASTY, NASTY)
def test_what_a_grader_wrote_stays_in_its_place(one: str, other: str) -> None:
    criterion = replace(an_evaluation().criteria[0], name=f"n{one}", comment=f"c{other}", evidence=(f"e{one}",))
    texts: dict[str, Any] = {"strengths": (f"s{other}",), "improvements": (f"i{one}",), "criteria": (criterion,)}

    tokens = rendered(written("Plain.", **texts, suggested_framework=f"f{one}"))

    plain = {"strengths": ("s",), "improvements": ("i",), "suggested_framework": "f"}
    expected = rendered(written("Plain.", **plain))
    assert [token.type for token in tokens] == [token.type for token in expected]
    inside = {child.type for token in tokens if token.type == "inline" for child in token.children}
    assert not inside & {"html_inline", "link_open", "image", "code_inline", "em_open"}


def test_the_journal_reads_well(storage: Storage) -> None:
    attempts = [
        an_attempt(1, follow_up=A_PROBE, answer_text=f"1. First: costs $5.\n   * {ANSWER}"),
        an_attempt(2, follow_up_to=1, **UNSCORED | {"status": "failed", "failure": "Claude declined."}),
    ]
    imported(a_document(a_sitting(*attempts, category_filter="strategy", ended_at="2026-11-20T10:00:00Z")))
    storage.evaluations.record(add(storage, storage.sessions.create(a_session())[0])[0], an_evaluation())

    text = export("format=markdown").body

    me = call("GET", "/auth/me", user=USER).json()
    whose = me["full_name"] or me["email"]
    assert text.startswith(f"# PM Interview Coach\n\nThe practice of {whose}.\n\n## 20 November 2026, 09:00 UTC\n\n")
    assert "Standard, Strategy session, ended 20 November 2026, 10:00 UTC." in text
    assert "### 1. Product design, question 1\n\n> " in text
    assert "> 1\\. First: costs \\$5.  \n> \u00a0\u00a0\u00a0\\* Drivers circle" in text
    assert "**6.4 of 10**: framework 6.0, structure 6.8, completeness 6.4. Graded by Claude (claude-haiku-5-5" in text
    assert "| Goal and motivation | 6.4 | 1 of 2. |" in text
    assert "**Asked on, Goal and motivation:** Why should the company build this?" in text
    assert "### 2. Product design, question 1, asked on after answer 1\n\n**Goal and motivation:** Why should" in text
    assert "Not evaluated: Claude declined." in text
    assert "Graded by the offline evaluator (offline-1, rubric 1)." in text


def test_each_markdown_page_has_its_title(storage: Storage) -> None:
    practise(storage)

    assert all(page.body.startswith("# PM Interview Coach\n") for page in pages("format=markdown&limit=2"))
