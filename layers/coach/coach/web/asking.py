"""The page of a question, with the editor for an answer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.errors import NotFound
from coach.model import Attempt, Probe, Question, Session
from coach.web.site import Site
from coach.web.visitors import visitor

MOST_SHOWN = 100_000
"""As much of an answer that could not be taken is in the editor again. An answer has 20,000 characters at most."""


def ask(
    site: Site,
    chosen: Question,
    session: Session | None,
    *,
    reason: str | None = None,
    probe: Probe | None = None,
    status: int = 200,
    problem: str | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[str]:
    """The page of a question, or of a probe of an answer to it. `sent` is an answer that could not be taken: it is in
    the editor again."""
    sent = sent or {}
    fields = {
        "question_id": chosen.id,
        "session_id": session.id if session else sent.get("session_id") or uuid4(),
        "key": sent.get("key") or uuid4(),
    }
    if sent.get("follow_up_to"):
        fields["follow_up_to"] = sent["follow_up_to"]
    user = visitor(site)
    draft = [user.id, chosen.id, *([fields["session_id"], fields["follow_up_to"]] if "follow_up_to" in fields else [])]
    answer = site.page(
        "question.html",
        status,
        visitor=user,
        question=chosen,
        probe=probe,
        session=session,
        reason=reason,
        problem=problem,
        text=sent.get("answer_text", "")[:MOST_SHOWN],
        timer=_timer(site, session),
        before=_again(site, chosen),
        draft=" ".join(map(str, draft)),
        fields=fields,
    )
    if status != 200:
        answer.headers["HX-Push-Url"] = "false"  # where forms are sent to there is no page to come back to
    return answer


def number(text: str, most: int = 999_999_999) -> int | None:
    """A whole number of an address or a form, None for what is none or more than anything has."""
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return int(text) if plain and int(text) <= most else None


def _timer(site: Site, session: Session | None) -> dict[str, Any] | None:
    if session and session.timer_minutes:
        if session.takes_answers_for:
            ends = session.started_at + timedelta(minutes=session.timer_minutes)
            return {"minutes": session.timer_minutes, "ends": ends.isoformat(), "over": "Time is up."}
        return {"minutes": session.timer_minutes, "ends": None, "over": "Time is up; go on if you like."}
    minutes = number(site.asked("timer"), 60)
    return {"minutes": minutes, "ends": None, "over": "Time is up; go on if you like."} if minutes else None


def _again(site: Site, chosen: Question) -> Attempt | None:
    """The answer that is tried again, if that is why the question is asked."""
    session_id, _, attempt_id = site.asked("again").partition(".")
    try:
        attempt = aws.storage().attempts.get(visitor(site).id, session_id, number(attempt_id) or 0)
    except NotFound:  # it may have been deleted
        return None
    return attempt.shown if attempt.question_id == chosen.id else None
