"""Documents as an export writes them: what tests of imports are given, in few words and made up."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from coach import questions
from coach.model import Category, Evaluator, Mode
from tests.conftest import OTHER, USER
from tests.unit.events import Answer, call
from tests.unit.given import ANSWER

Document = dict[str, Any]

SITTING = "9b2d7c1e-5f60-4a38-8c14-2e7d9a0b6f35"
A_PROBE = {"criterion": "Goal and motivation", "question": "Why should the company build this?"}
AN_EVALUATION = {
    "evaluator": "claude",
    "model": "claude-haiku-5-5",
    "rubric_version": "2026-11-21",
    "evaluated_at": "2026-11-20T09:11:02Z",
    "input_tokens": 3120,
    "output_tokens": 884,
}
A_CRITERION = {"name": "Goal and motivation", "score": 6.4, "evidence": ["Drivers circle"], "comment": "1 of 2."}
UNSCORED: Document = {
    "overall_score": None,
    "framework_score": None,
    "structure_score": None,
    "completeness_score": None,
    "strengths": [],
    "improvements": [],
    "suggested_framework": None,
    "example_point": None,
    "criteria": [],
    "evaluation": None,
    "follow_up": None,
}


def an_attempt(number: int = 1, session_id: str = SITTING, **changes: Any) -> Document:
    """An evaluated one."""
    return {
        "id": number,
        "question_id": 1,
        "session_id": session_id,
        "answer_text": ANSWER,
        "time_spent_sec": 600,
        "status": "evaluated",
        "overall_score": 6.4,
        "framework_score": 6.0,
        "structure_score": 6.8,
        "completeness_score": 6.4,
        "strengths": ["Names the problem"],
        "improvements": ["Say how you would know that it works"],
        "suggested_framework": "CIRCLES",
        "example_point": None,
        "criteria": [A_CRITERION],
        "evaluation": AN_EVALUATION,
        "failure": None,
        "created_at": f"2026-11-20T09:{number % 60:02d}:31.5Z",
        "follow_up": None,
        "follow_up_to": None,
        "imported_at": None,
        **changes,
    }


def a_sitting(*attempts: Document, session_id: str = SITTING, **changes: Any) -> Document:
    return {
        "id": session_id,
        "session_id": session_id,
        "user_id": OTHER,
        "category_filter": None,
        "mode": "standard",
        "timer_minutes": None,
        "started_at": "2026-11-20T09:00:00Z",
        "ended_at": None,
        "questions_count": 1,
        "avg_score": 6.4,
        "pending_count": 0,
        "attempts": list(attempts),
        **changes,
    }


def a_document(*sessions: Document, **changes: Any) -> Document:
    user = {
        "id": OTHER,
        "email": "ada@example.com",
        "full_name": None,
        "is_active": True,
        "created_at": "2026-11-20T08:00:00Z",
        "last_login": None,
    }
    return {"format": "pm-interview-coach", "version": 1, "user": user, "sessions": list(sessions), **changes}


def imported(document: Any, user: str = USER) -> Answer:
    return call("POST", "/api/import", document, user=user)


def counted(answer: Answer) -> tuple[int, int, int, int]:
    """Sessions that were new and that were there, and attempts."""
    assert answer.status == 200, answer.body
    body = answer.json()
    return (*body["sessions"].values(), *body["attempts"].values())


def without(document: Document, name: str) -> Document:
    return {key: value for key, value in document.items() if key != name}


# Made up

_LETTERS = st.characters(codec="utf-8", exclude_characters="\x00")
TEXTS = st.text(_LETTERS, max_size=40)
ANSWERS = st.text(_LETTERS, max_size=120).map(lambda text: f"{text}{ANSWER}{text}")
SCORES = st.integers(10, 100).map(lambda tenths: tenths / 10)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(4999, 12, 31)).map(  # noqa: DTZ001 - drawn without, then set
    lambda time: time.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
)
PROBES = st.fixed_dictionaries({"criterion": TEXTS, "question": TEXTS})
CRITERIA = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Goal and motivation", "Metrics", "=1+1", "Проблемы"]),
        "score": SCORES,
        "evidence": st.lists(TEXTS, max_size=2),
        "comment": TEXTS,
    }
)
EVALUATIONS = st.fixed_dictionaries(
    {
        "evaluator": st.sampled_from(Evaluator).map(str),
        "model": TEXTS,
        "rubric_version": TEXTS,
        "evaluated_at": TIMES,
        "input_tokens": st.integers(0, 10**6),
        "output_tokens": st.integers(0, 10**6),
    }
)
QUESTIONS = st.sampled_from([each.id for each in questions.questions()[::20]])


@st.composite
def attempts(draw: st.DrawFn, number: int, session_id: str) -> Document:
    found = an_attempt(
        number,
        session_id,
        question_id=draw(QUESTIONS),
        answer_text=draw(ANSWERS),
        time_spent_sec=draw(st.none() | st.integers(0, 86_400)),
        created_at=draw(TIMES),
    )
    if draw(st.integers(0, 3)) == 0:
        return found | UNSCORED | {"status": "failed", "failure": draw(TEXTS.filter(bool))}
    return found | {
        **{
            name: draw(SCORES) for name in ("overall_score", "framework_score", "structure_score", "completeness_score")
        },
        "strengths": draw(st.lists(TEXTS, max_size=2)),
        "improvements": draw(st.lists(TEXTS, max_size=2)),
        "suggested_framework": draw(st.none() | TEXTS),
        "example_point": draw(st.none() | TEXTS),
        "criteria": draw(st.lists(CRITERIA, max_size=2, unique_by=lambda each: each["name"])),
        "evaluation": draw(EVALUATIONS),
        "follow_up": draw(st.none() | PROBES),
    }


@st.composite
def sittings(draw: st.DrawFn) -> Document:
    session_id = str(draw(st.uuids()))
    ended_at = draw(st.none() | TIMES)
    mode = draw(st.sampled_from(Mode))
    found: list[Document] = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        attempt = draw(attempts(number, session_id))
        before = found[-1] if found else None
        if before and before["follow_up"] and mode != "exam" and draw(st.booleans()):
            attempt |= {"follow_up_to": number - 1, "question_id": before["question_id"]}
        if mode == "exam" and not ended_at:
            attempt |= UNSCORED | {"status": "failed", "failure": None}
        found.append(attempt)
    return a_sitting(
        *found,
        session_id=session_id,
        category_filter=draw(st.none() | st.sampled_from(Category).map(str)),
        mode=str(mode),
        timer_minutes=draw(st.none() | st.integers(1, 60)),
        started_at=draw(TIMES),
        ended_at=ended_at,
    )


DOCUMENTS = st.lists(sittings(), max_size=4, unique_by=lambda each: each["id"]).map(lambda found: a_document(*found))
