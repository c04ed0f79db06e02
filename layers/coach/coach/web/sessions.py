"""/practice/sessions: a session that was started in a mode, its next question and its summary."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from coach import aws, choosing
from coach import questions as bank
from coach.errors import NotFound
from coach.model import Attempt, Session
from coach.web.asking import ask
from coach.web.refusals import told
from coach.web.site import Site
from coach.web.visitors import visitor

router = APIGatewayRouter()  # type: ignore[no-untyped-call]


@router.get("/practice/sessions/<session_id>", include_in_schema=False, enable_validation=False, compress=True)
def session(session_id: str) -> Response[str]:
    """A session's answers so far, or its summary once it has ended."""
    site = Site(router)
    return shown(site, aws.storage().sessions.get(visitor(site).id, session_id))


def shown(site: Site, found: Session, note: str | None = None) -> Response[str]:
    storage = aws.storage()
    attempts = [each.shown for each in storage.attempts.of_session(found.user_id, found.id, page_size=100)]
    rows = [(each, bank.question(each.question_id) if bank.exists(each.question_id) else None) for each in attempts]
    if not found.takes_answers(storage.table.moment) and not found.ended_at:
        note = "Time is up: this session takes no more answers."
    return site.page(
        "session.html", visitor=visitor(site), session=found, rows=rows, criteria=_averages(attempts), note=note
    )


@router.get("/practice/sessions/<session_id>/next", include_in_schema=False, enable_validation=False, compress=True)
def next_question(session_id: str) -> Response[str]:
    """The next question of a session, or its own page where there is none."""
    site = Site(router)
    user = visitor(site)
    storage = aws.storage()
    found = storage.sessions.get(user.id, session_id)
    if not found.takes_answers(storage.table.moment):
        return site.go(f"/practice/sessions/{found.id}")
    try:
        chosen = choosing.choose(choosing.history(storage, user.id), storage, zone=site.zone, session=found)
    except NotFound as none:  # a review of what has never been answered
        return shown(site, found, told(none))
    return ask(site, chosen.question, found, reason=chosen.reason)


@router.post("/practice/sessions/<session_id>/end", include_in_schema=False, enable_validation=False)
def end(session_id: str) -> Response[str]:
    site = Site(router)
    user = visitor(site, onward=f"/practice/sessions/{session_id}")
    ended = aws.storage().sessions.end(user.id, session_id)
    return site.go(f"/practice/sessions/{ended.id}")


def _averages(attempts: list[Attempt]) -> list[tuple[str, float]]:
    """The criteria of a session's evaluated answers with their averages, in tenths, best first."""
    scores: dict[str, list[int]] = {}
    for attempt in attempts:
        if attempt.evaluation and attempt.follow_up_to is None:
            for criterion in attempt.evaluation.criteria:
                scores.setdefault(criterion.name, []).append(criterion.score)
    averages = [(name, sum(found) / len(found)) for name, found in scores.items()]
    return sorted(averages, key=lambda each: -each[1])
