"""/practice: what to do next, a question with its editor, sessions."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import ValidationError

from coach import aws, choosing
from coach import questions as bank
from coach.errors import CoachError, Invalid, NotFound
from coach.http.schemas.attempts import AttemptIn
from coach.http.schemas.sessions import SessionIn
from coach.model import Attempt, Category, Mode, Question, Session, Status
from coach.progress import statistics
from coach.web.site import Site, said
from coach.web.visitors import visitor

router = APIGatewayRouter()  # type: ignore[no-untyped-call]

GOES_ON_FOR = timedelta(hours=12)
"""How long after its start a session of practice takes up what somebody answers next."""

MODES = (
    (Mode.STANDARD, "feedback after each answer, and all the time you want"),
    (Mode.TIMED, "feedback after each answer, until the minutes are over"),
    (Mode.EXAM, "no feedback before you end it"),
    (Mode.REVIEW, "only questions that you have answered before"),
)


@router.get("/practice", include_in_schema=False, enable_validation=False, compress=True)
def practice() -> Response[str]:
    return overview(Site(router))


def overview(site: Site, status: int = 200, problem: str | None = None) -> Response[str]:
    user = visitor(site)
    storage = aws.storage()
    found = choosing.history(storage, user.id)
    averages = {row.category: row for row in statistics.by_category(found.attempts)}
    answered: dict[Category, set[int]] = {each: set() for each in Category}
    for attempt in found.attempts:
        answered[attempt.category].add(attempt.question_id)
    rows = [
        {
            "category": category,
            "questions": count,
            "answered": len(answered[category]),
            "average": averages[category].average_score,
            "evaluator": averages[category].evaluator,
        }
        for category, count in bank.counts().items()
    ]
    return site.page(
        "practice.html",
        status,
        visitor=user,
        next=choosing.choose(found, storage, zone=site.zone),
        rows=rows,
        modes=MODES,
        new_id=uuid4(),
        problem=problem,
    )


@router.get("/practice/<category>", include_in_schema=False, enable_validation=False, compress=True)
def question(category: str) -> Response[str]:
    """The question that was chosen, or the next one of the category, with the editor for an answer."""
    site = Site(router)
    user = visitor(site)
    storage = aws.storage()
    if category == "random":
        waiting = {each.question_id for each in storage.histories.of(user.id).attempts if each.status is Status.PENDING}
        drawn = secrets.choice([each for each in bank.questions() if each.id not in waiting] or bank.questions())
        return site.go(f"/practice/{drawn.category}", question=str(drawn.id))
    if category not in set(Category):
        raise NotFound("There is no such category")
    session = goes_on(user.id, Category(category))
    number = site.asked("question")
    if number.isascii() and number.isdecimal():
        chosen = bank.question(int(number))
        return ask(site, chosen, session)
    found = choosing.choose(choosing.history(storage, user.id), storage, zone=site.zone, category=Category(category))
    return ask(site, found.question, session, reason=found.reason)


@router.get("/practice/sessions/<session_id>/next", include_in_schema=False, enable_validation=False, compress=True)
def next_in_session(session_id: str) -> Response[str]:
    """The next question of a session that was started in a mode."""
    site = Site(router)
    user = visitor(site)
    storage = aws.storage()
    session = storage.sessions.get(user.id, session_id)
    if session.ended_at:
        return site.go(f"/practice/sessions/{session.id}")
    found = choosing.choose(choosing.history(storage, user.id), storage, zone=site.zone, session=session)
    return ask(site, found.question, session, reason=found.reason)


def ask(
    site: Site,
    chosen: Question,
    session: Session | None,
    *,
    reason: str | None = None,
    status: int = 200,
    problem: str | None = None,
    sent: dict[str, str] | None = None,
) -> Response[str]:
    """The page of a question. `sent` is an answer that could not be taken: it is in the editor again."""
    sent = sent or {}
    fields = {
        "question_id": chosen.id,
        "session_id": session.id if session else sent.get("session_id") or uuid4(),
        "key": sent.get("key") or uuid4(),
    }
    return site.page(
        "question.html",
        status,
        visitor=visitor(site),
        question=chosen,
        session=session,
        reason=reason,
        problem=problem,
        text=sent.get("answer_text", ""),
        timer=_timer(site, session),
        before=_again(site, chosen),
        fields=fields,
    )


def _timer(site: Site, session: Session | None) -> dict[str, Any] | None:
    if session and session.timer_minutes:
        if session.takes_answers_for:
            ends = session.started_at + timedelta(minutes=session.timer_minutes)
            return {"minutes": session.timer_minutes, "ends": ends.isoformat(), "over": "Time is up."}
        return {"minutes": session.timer_minutes, "ends": None, "over": "Time is up; go on if you like."}
    minutes = site.asked("timer")
    if minutes.isascii() and minutes.isdecimal() and 1 <= int(minutes) <= 60:
        return {"minutes": int(minutes), "ends": None, "over": "Time is up; go on if you like."}
    return None


def _again(site: Site, chosen: Question) -> Attempt | None:
    """The answer that is tried again, if that is why the question is asked."""
    session_id, _, number = site.asked("again").partition(".")
    if not (number.isascii() and number.isdecimal()):
        return None
    attempt = aws.storage().attempts.get(visitor(site).id, session_id, int(number))
    return attempt.shown if attempt.question_id == chosen.id else None


def goes_on(user_id: str, category: Category) -> Session | None:
    """The session that takes an answer to a question of this category: the newest, if it is open and of the kind."""
    newest = next(aws.storage().sessions.newest_first(user_id, page_size=1), None)
    if not newest:
        return None
    session, _ = newest
    fits = session.mode is Mode.STANDARD and session.category_filter in (None, category) and not session.ended_at
    return session if fits and datetime.now(UTC) - session.started_at < GOES_ON_FOR else None


@router.post("/practice/answers", include_in_schema=False, enable_validation=False, compress=True)
def answer() -> Response[str]:
    """Take an answer, and show what becomes of it. What cannot be taken stays in the editor."""
    site = Site(router)
    sent = site.form()
    asked = bank.question(_number(sent, "question_id") or 0)
    user = visitor(site, onward=f"/practice/{asked.category}?question={asked.id}")
    storage = aws.storage()
    try:
        body = AttemptIn(
            question_id=asked.id,
            answer_text=sent.get("answer_text", ""),
            time_spent_sec=_number(sent, "time_spent_sec"),
            session_id=sent.get("session_id", ""),
            follow_up_to=_number(sent, "follow_up_to"),
        )
    except ValidationError as refused:
        return ask(site, asked, _session(user.id, sent), status=422, problem=said(refused), sent=sent)
    session_id = str(body.session_id)
    try:
        if not _session(user.id, sent):
            storage.sessions.create(new_session(user.id, SessionIn(id=session_id)))
        added = storage.attempts.add(
            user.id,
            session_id,
            question_id=body.question_id,
            category=asked.category,
            answer_text=body.answer_text,
            time_spent_sec=body.time_spent_sec,
            idempotency_key=sent.get("key") or None,
            allowance=aws.allowance(),
            follow_up_to=body.follow_up_to,
        )
    except (NotFound, Invalid) as refused:
        return ask(site, asked, None, status=refused.status, problem=refused.detail, sent=sent)
    except CoachError as refused:
        session = _session(user.id, sent)
        return ask(site, asked, session, status=refused.status, problem=f"{refused.detail}.", sent=sent)
    return site.go(f"/practice/sessions/{session_id}/attempts/{added.attempt.id}")


def _session(user_id: str, sent: dict[str, str]) -> Session | None:
    try:
        return aws.storage().sessions.get(user_id, sent.get("session_id", ""))
    except NotFound:
        return None


def _number(sent: dict[str, str], name: str) -> int | None:
    text = sent.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@router.post("/practice/sessions", include_in_schema=False, enable_validation=False, compress=True)
def start() -> Response[str]:
    site = Site(router)
    user = visitor(site)
    sent: dict[str, Any] = {name: value for name, value in site.form().items() if value}
    if "timer_minutes" in sent:
        sent["timer_minutes"] = _number(sent, "timer_minutes")
    try:
        body = SessionIn.model_validate(sent)
    except ValidationError as refused:
        return overview(site, 422, said(refused))
    session, _ = aws.storage().sessions.create(new_session(user.id, body))
    return site.go(f"/practice/sessions/{session.id}/next")


def new_session(user_id: str, body: SessionIn) -> Session:
    """What a request for a session begins with."""
    return Session(
        id=body.id or str(uuid4()),
        user_id=user_id,
        category_filter=body.category_filter,
        mode=body.mode,
        timer_minutes=body.timer_minutes,
        started_at=datetime.now(UTC),
        ended_at=None,
        attempts_count=0,
        scored_count=0,
        failed_count=0,
        score_sum=0,
    )


@router.get("/practice/sessions/<session_id>", include_in_schema=False, enable_validation=False, compress=True)
def session(session_id: str) -> Response[str]:
    """A session's answers so far, or its summary once it has ended."""
    site = Site(router)
    user = visitor(site)
    storage = aws.storage()
    found = storage.sessions.get(user.id, session_id)
    attempts = [each.shown for each in storage.attempts.of_session(user.id, session_id, page_size=100)]
    rows = [(each, bank.question(each.question_id) if bank.exists(each.question_id) else None) for each in attempts]
    return site.page("session.html", visitor=user, session=found, rows=rows, criteria=_averages(attempts))


def _averages(attempts: list[Attempt]) -> list[tuple[str, float]]:
    """The criteria of a session's evaluated answers with their averages, in tenths, best first."""
    scores: dict[str, list[int]] = {}
    for attempt in attempts:
        if attempt.evaluation and attempt.follow_up_to is None:
            for criterion in attempt.evaluation.criteria:
                scores.setdefault(criterion.name, []).append(criterion.score)
    averages = [(name, sum(found) / len(found)) for name, found in scores.items()]
    return sorted(averages, key=lambda each: -each[1])


@router.post("/practice/sessions/<session_id>/end", include_in_schema=False, enable_validation=False)
def end(session_id: str) -> Response[str]:
    site = Site(router)
    ended = aws.storage().sessions.end(visitor(site).id, session_id)
    return site.go(f"/practice/sessions/{ended.id}")
