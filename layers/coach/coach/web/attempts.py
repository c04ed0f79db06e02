"""One answer: what becomes of it, its feedback, what has changed since the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from coach import aws
from coach import questions as bank
from coach.errors import CoachError, NotFound, TooManyRequests
from coach.evaluation import text
from coach.model import Attempt, Criterion, Question, Session, Status
from coach.progress.change import Change, comparisons
from coach.storage.keys import ATTEMPTS_MAX
from coach.web import marks
from coach.web.asking import number
from coach.web.refusals import told
from coach.web.site import Site
from coach.web.visitors import visitor

router = APIGatewayRouter()  # type: ignore[no-untyped-call]

NEW_SENTENCES, TELLING = 6, 5
"""As many of what a second try has added are shown, of as many words at least."""


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion as the page shows it: its place in the evaluation, and by how much it has changed (None: unknown)."""

    place: int
    criterion: Criterion
    change: int | None


@dataclass(frozen=True, slots=True)
class Second:
    """A second try: the answer before, what has changed if that can be told, and what is new."""

    before: Attempt
    change: Change | None
    new: Sequence[str]


@router.get(
    "/practice/sessions/<session_id>/attempts/<attempt_id>",
    include_in_schema=False,
    enable_validation=False,
    compress=True,
)
def attempt(session_id: str, attempt_id: str) -> Response[str]:
    return shown(Site(router), session_id, attempt_id)


def shown(site: Site, session_id: str, attempt_id: str, status: int = 200, problem: str | None = None) -> Response[str]:
    user = visitor(site)
    storage = aws.storage()
    found = storage.attempts.get(user.id, session_id, _number(attempt_id)).shown
    session = storage.sessions.get(user.id, session_id)
    question = bank.question(found.question_id) if bank.exists(found.question_id) else None
    context: dict[str, Any] = {
        "visitor": user,
        "attempt": found,
        "session": session,
        "question": question,
        "problem": problem,
        "lost": found.is_lost(storage.table.moment),
        "waited": int((storage.table.moment - found.asked_at).total_seconds()),
        "at_work": (found.lease_until or 0) > storage.table.now(),
    }
    context |= _feedback(found, session, question, storage.table.moment)
    return site.page("outcome.html" if site.is_partial and site.asked("part") else "attempt.html", status, **context)


@router.post(
    "/practice/sessions/<session_id>/attempts/<attempt_id>/evaluation",
    include_in_schema=False,
    enable_validation=False,
    compress=True,
)
def ask_again(session_id: str, attempt_id: str) -> Response[str]:
    """Have an answer graded that could not be."""
    site = Site(router)
    user = visitor(site, onward=f"/practice/sessions/{session_id}/attempts/{attempt_id}")
    try:
        aws.storage().evaluations.request(user.id, session_id, _number(attempt_id), aws.allowance())
    except NotFound:
        raise
    except CoachError as refused:
        if isinstance(refused, TooManyRequests):
            site.retry_after = refused.retry_after
        return shown(site, session_id, attempt_id, refused.status, told(refused))
    return site.go(f"/practice/sessions/{session_id}/attempts/{attempt_id}")


def _number(segment: str) -> int:
    """Raises NotFound."""
    found = number(segment, ATTEMPTS_MAX)
    if not found or segment != str(found):
        raise NotFound("Attempt not found")
    return found


def _feedback(found: Attempt, session: Session, question: Question | None, now: datetime) -> dict[str, Any]:
    """What the page shows of an attempt that is evaluated."""
    evaluation = found.evaluation
    criteria = evaluation.criteria if evaluation else ()
    second = _second(found)
    changes = dict(second.change.criteria) if second and second.change else {}
    rows = [Row(place, each, changes.get(each.name)) for place, each in enumerate(criteria)]
    asks = found.follow_up if evaluation and not found.answered and session.takes_answers(now) else None
    return {
        "pieces": marks.pieces(found.answer_text, criteria),
        "names": [each.name for each in criteria],
        "rows": sorted(rows, key=lambda row: -row.criterion.score),
        "second": second,
        "asks": asks,
        "earlier": _earlier(found),
        "sample": question.sample_answer if question and _may_compare(found, session) else None,
    }


def _earlier(found: Attempt) -> Sequence[Attempt]:
    """What a follow-up builds on; nothing where an import has brought the follow-up without it."""
    try:
        return aws.storage().attempts.earlier(found)
    except NotFound:
        return ()


def _may_compare(found: Attempt, session: Session) -> bool:
    """Whether the sample answer may be seen: not while the question is part of an exam that goes on."""
    if found.status is Status.PENDING or session.is_open_exam:
        return False
    return not aws.storage().histories.is_examined(found.user_id, found.question_id)


def _second(found: Attempt) -> Second | None:
    """How an evaluated answer compares with the one before it at the same question."""
    if not found.evaluation or found.follow_up_to:
        return None
    page = aws.storage().histories.at_question(found.user_id, found.question_id, limit=100)
    attempts = [each for each, _ in page.attempts]
    compared = comparisons(attempts, {each.session_id for each in attempts if each.withheld})
    before: Attempt | None = None
    for each, comparison in zip(attempts, compared, strict=True):
        if (each.session_id, each.id) == (found.session_id, found.id):
            return Second(before, comparison.change, _new(before, found)) if before else None
        if each.shown.evaluation and each.follow_up_to is None:
            before = each
    return None


def _new(before: Attempt, after: Attempt) -> list[str]:
    """Sentences of the later answer that the one before does not have."""
    said = {sentence.words for sentence in text.sentences(before.answer_text)}
    new = [each for each in text.sentences(after.answer_text) if each.words not in said and len(each.words) >= TELLING]
    return [each.text for each in new][:NEW_SENTENCES]
