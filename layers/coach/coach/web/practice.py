"""/practice: what to do next, a question of a category, and taking answers."""

import re
import secrets
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import ValidationError

from coach import aws, choosing
from coach import questions as bank
from coach.errors import CoachError, Conflict, NotFound, Repeated, TooManyRequests
from coach.http.schemas.attempts import AttemptIn
from coach.http.schemas.fields import UUID_PATTERN
from coach.http.schemas.sessions import SessionIn
from coach.model import Category, Mode, Probe, Question, Session, Status
from coach.progress import statistics
from coach.web.asking import MOST_SHOWN, ask, number
from coach.web.refusals import said, told
from coach.web.site import Site
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
        if bank.exists(attempt.question_id):
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
    if site.asked("question"):
        chosen = bank.question(number(site.asked("question")) or 0)
        return ask(site, chosen, goes_on(user.id, chosen.category))
    found = choosing.choose(choosing.history(storage, user.id), storage, zone=site.zone, category=Category(category))
    return ask(site, found.question, goes_on(user.id, found.question.category), reason=found.reason)


def goes_on(user_id: str, category: Category) -> Session | None:
    """The session that takes an answer to a question of this category: the newest, if it is open and of the kind."""
    storage = aws.storage()
    newest = next(storage.sessions.newest_first(user_id, page_size=1), None)
    if not newest:
        return None
    session, _ = newest
    fits = session.mode is Mode.STANDARD and session.category_filter in (None, category) and not session.ended_at
    return session if fits and storage.table.moment - session.started_at < GOES_ON_FOR else None


@router.post("/practice/answers", include_in_schema=False, enable_validation=False, compress=True)
def answer() -> Response[str]:
    """Take an answer, and show what becomes of it. What cannot be taken stays in the editor."""
    site = Site(router)
    sent: dict[str, Any] = site.form()
    for name in ("question_id", "follow_up_to", "time_spent_sec"):
        sent[name] = number(sent.get(name, ""))
    if not re.fullmatch(UUID_PATTERN, sent.get("session_id", "")):
        sent["session_id"] = str(uuid4())
    asked = bank.question(sent["question_id"]) if bank.exists(sent["question_id"] or 0) else None
    user = visitor(site, onward=_page_of(asked, sent))
    if not asked:
        text = sent.get("answer_text", "")[:MOST_SHOWN]
        return site.page("gone.html", 422, visitor=user, text=text)
    session = _session(user.id, sent)
    try:
        return site.go(_taken(user.id, asked, session, sent))
    except ValidationError as refused:
        status, problem = 422, said(refused)
    except Repeated:
        sent["key"] = str(uuid4())
        status, problem = (
            409,
            "Your answer has arrived already as it was before. Submit once more to add this one to it.",
        )
    except NotFound:  # not 404: the page itself is there, and htmx shows none of that kind
        status, problem = 409, "What this answers was deleted meanwhile. Take your text along: it has nowhere to go."
    except CoachError as refused:
        status, problem = refused.status, told(refused)
        closed = session and not session.takes_answers(aws.storage().table.moment)
        if isinstance(refused, Conflict) and closed and not sent["follow_up_to"]:
            session, sent["session_id"] = None, str(uuid4())
            problem += " Submit again to have your answer graded outside of it."
        if isinstance(refused, TooManyRequests):
            site.retry_after = refused.retry_after
    return ask(site, asked, session, probe=_probe(user.id, sent), status=status, problem=problem, sent=sent)


def _page_of(asked: Question | None, sent: dict[str, Any]) -> str:
    """Where an answer was written."""
    if asked and sent["follow_up_to"]:
        return f"/practice/sessions/{sent['session_id']}/attempts/{sent['follow_up_to']}"
    return f"/practice/{asked.category}?question={asked.id}" if asked else "/practice"


def _taken(user_id: str, asked: Question, session: Session | None, sent: dict[str, Any]) -> str:
    """Stores an answer; its page. Raises ValidationError and what `attempts.add` does. Where there is no such session
    one begins, but for what follows up an answer in it."""
    body = AttemptIn(
        question_id=asked.id,
        answer_text=sent.get("answer_text", ""),
        time_spent_sec=None if sent["time_spent_sec"] is None else min(sent["time_spent_sec"], 86_400),
        session_id=sent["session_id"],
        follow_up_to=sent["follow_up_to"] or None,
    )
    storage, allowance, session_id = aws.storage(), aws.allowance(), str(body.session_id)
    if not session and not body.follow_up_to:
        storage.limits.demand_another(user_id, allowance)
        storage.sessions.create(new_session(user_id, SessionIn(id=session_id)))
    added = storage.attempts.add(
        user_id,
        session_id,
        question_id=body.question_id,
        category=asked.category,
        answer_text=body.answer_text,
        time_spent_sec=body.time_spent_sec,
        idempotency_key=sent.get("key") or None,
        allowance=allowance,
        follow_up_to=body.follow_up_to,
        time_counts=False,  # it has gone on when a form is sent again
    )
    return f"/practice/sessions/{session_id}/attempts/{added.attempt.id}"


def _session(user_id: str, sent: dict[str, Any]) -> Session | None:
    try:
        return aws.storage().sessions.get(user_id, sent["session_id"])
    except NotFound:
        return None


def _probe(user_id: str, sent: dict[str, Any]) -> Probe | None:
    """What an answer follows up, if it does."""
    if not sent["follow_up_to"]:
        return None
    try:
        return aws.storage().attempts.get(user_id, sent["session_id"], sent["follow_up_to"]).shown.follow_up
    except NotFound:
        return None


@router.post("/practice/sessions", include_in_schema=False, enable_validation=False, compress=True)
def start() -> Response[str]:
    site = Site(router)
    user = visitor(site)
    sent: dict[str, Any] = {
        name: value for name, value in site.form().items() if value and name in SessionIn.model_fields
    }
    if "timer_minutes" in sent and (minutes := number(sent["timer_minutes"])) is not None:
        sent["timer_minutes"] = minutes
    if not re.fullmatch(UUID_PATTERN, sent.get("id", "")):
        sent["id"] = str(uuid4())
    try:
        body = SessionIn.model_validate(sent)
    except ValidationError as refused:
        return overview(site, 422, said(refused))
    if body.mode is Mode.TIMED and not body.timer_minutes:
        return overview(site, 422, "A timed session needs its minutes: 1 to 60.")
    try:
        session, _ = aws.storage().sessions.create(new_session(user.id, body))
    except Conflict:
        session = None
    if not session or session.ended_at:  # the page is one from before, to which somebody has gone back
        session, _ = aws.storage().sessions.create(new_session(user.id, body.model_copy(update={"id": str(uuid4())})))
    return site.go(f"/practice/sessions/{session.id}/next")


def new_session(user_id: str, body: SessionIn) -> Session:
    """What a request for a session begins with."""
    return Session(
        id=body.id or str(uuid4()),
        user_id=user_id,
        category_filter=body.category_filter,
        mode=body.mode,
        timer_minutes=body.timer_minutes,
        started_at=aws.storage().table.moment,
        ended_at=None,
        attempts_count=0,
        scored_count=0,
        failed_count=0,
        score_sum=0,
    )
