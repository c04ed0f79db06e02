"""An import's document: what of it cannot be, and the sessions and attempts that it tells of."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from coach import questions
from coach.errors import Invalid, InvalidParts
from coach.http.errors import MOST_MISTAKES
from coach.http.schemas.imports import MOST_ATTEMPTS, ImportedAttempt, ImportedProbe, ImportedSession, ImportIn
from coach.model import Attempt, Criterion, Evaluation, Mode, Probe, Session, Status
from coach.storage.exports import Part
from coach.storage.imports import fits

MOST_BYTES = 4_000_000

WAS_PENDING = "It was not evaluated yet when it was exported. Your answer is saved: ask for the evaluation again."
WAS_WITHHELD = (
    "Its scores were held back when it was exported, since its exam went on. Your answer is saved: ask for the "
    "evaluation again."
)
WAS_FAILED = "Its evaluation had failed before it was exported. Your answer is saved: ask for the evaluation again."

_SCORES = ("overall_score", "framework_score", "structure_score", "completeness_score")
_OF_AN_EVALUATION = (
    "evaluation",
    "strengths",
    "improvements",
    "suggested_framework",
    "example_point",
    "criteria",
    "follow_up",
)


def parts(document: ImportIn, user_id: str, now: datetime) -> list[Part]:
    """What a document tells of, as `user_id`'s and imported now. Raises InvalidParts with the first mistakes."""
    mistakes = list(islice(_contradictions(document), MOST_MISTAKES))
    if mistakes:
        raise InvalidParts(mistakes)
    found = [_part(session, user_id, now) for session in document.sessions]
    too_large = (
        Invalid(
            ("body", "sessions", at, "attempts", number), "This is more than can be stored of one attempt", "too_large"
        )
        for at, part in enumerate(found)
        for number, attempt in enumerate(part.attempts)
        if not fits(attempt)
    )
    mistakes = list(islice(too_large, MOST_MISTAKES))
    if mistakes:
        raise InvalidParts(mistakes)
    return found


def _contradictions(document: ImportIn) -> Iterator[Invalid]:
    """What is no field's own mistake, in the order of the document."""
    seen: set[str] = set()
    count = 0
    for at, session in enumerate(document.sessions):
        place = ("body", "sessions", at)
        if session.session_id != session.id:
            yield Invalid((*place, "session_id"), "This is not the session's id", "session_mismatch")
        if session.id in seen:
            yield Invalid((*place, "id"), "This session stands in the document already", "session_repeated")
        seen.add(session.id)
        count += len(session.attempts)
        if count > MOST_ATTEMPTS:
            yield Invalid((*place, "attempts"), f"A document may hold {MOST_ATTEMPTS} attempts", "too_long")
            return
        before = None
        for index, attempt in enumerate(session.attempts):
            for name, msg, kind in _mistakes(session, attempt, before):
                yield Invalid((*place, "attempts", index, name), msg, kind)
            before = attempt.id


def _mistakes(session: ImportedSession, attempt: ImportedAttempt, before: int | None) -> Iterator[tuple[str, str, str]]:
    """Of an attempt behind number `before`: field, message, type."""
    if before is not None and attempt.id != before + 1:
        yield "id", f"The attempt behind number {before} has the next number", "number_not_next"
    if not questions.exists(attempt.question_id):
        yield "question_id", "There is no question with this id", "question_unknown"
    if attempt.session_id != session.id:
        yield "session_id", "This is not the session that the attempt stands in", "session_mismatch"
    if attempt.follow_up_to is not None and attempt.follow_up_to >= attempt.id:
        yield "follow_up_to", "An attempt follows up an earlier one", "follow_up_to_later"
    if attempt.status is not Status.FAILED and attempt.failure is not None:
        yield "failure", "Only a failed attempt has a reason why", "not_failed"
    scored = [name for name in _SCORES if getattr(attempt, name) is not None]
    if scored and attempt.status is not Status.EVALUATED:
        yield scored[0], "Only an evaluated attempt has scores", "not_evaluated"
    elif scored:
        for name in (*_SCORES, "evaluation"):
            if getattr(attempt, name) is None:
                yield name, "An attempt with scores has all four, and an evaluation that they come of", "missing"
    else:
        for name in _OF_AN_EVALUATION:
            if getattr(attempt, name):
                yield name, "An attempt without scores has none of an evaluation", "not_evaluated"


def _part(session: ImportedSession, user_id: str, now: datetime) -> Part:
    asked = {each.id: _probe(each.follow_up) for each in session.attempts}
    return Part(
        Session(
            id=session.id,
            user_id=user_id,
            category_filter=session.category_filter,
            mode=session.mode,
            timer_minutes=session.timer_minutes,
            started_at=session.started_at,
            ended_at=session.ended_at,
            attempts_count=0,
            scored_count=0,
            failed_count=0,
            score_sum=0,
        ),
        [
            Attempt(
                id=each.id,
                user_id=user_id,
                session_id=session.id,
                question_id=each.question_id,
                category=questions.category(each.question_id),
                answer_text=each.answer_text,
                time_spent_sec=each.time_spent_sec,
                status=Status.FAILED if each.overall_score is None else Status.EVALUATED,
                round=1,
                evaluation=_evaluation(each),
                failure=_failure(each),
                created_at=each.created_at,
                asked_at=now,
                follow_up_to=each.follow_up_to,
                withheld=session.mode is Mode.EXAM,
                probe=asked.get(each.follow_up_to) if each.follow_up_to else None,
                imported_at=now,
            )
            for each in session.attempts
        ],
    )


def _failure(attempt: ImportedAttempt) -> str | None:
    match attempt.status:
        case Status.PENDING:
            return WAS_PENDING
        case Status.FAILED:
            return attempt.failure or WAS_FAILED
        case Status.EVALUATED:
            return None if attempt.overall_score else WAS_WITHHELD


def _evaluation(attempt: ImportedAttempt) -> Evaluation | None:
    scores = attempt.overall_score, attempt.framework_score, attempt.structure_score, attempt.completeness_score
    overall, framework, structure, completeness = (score and round(score * 10) for score in scores)
    made = attempt.evaluation
    if not (overall and framework and structure and completeness and made):
        return None
    return Evaluation(
        overall=overall,
        framework=framework,
        structure=structure,
        completeness=completeness,
        strengths=tuple(attempt.strengths),
        improvements=tuple(attempt.improvements),
        suggested_framework=attempt.suggested_framework,
        example_point=attempt.example_point,
        criteria=tuple(
            Criterion(name=each.name, score=round(each.score * 10), evidence=tuple(each.evidence), comment=each.comment)
            for each in attempt.criteria
        ),
        evaluator=made.evaluator,
        model=made.model,
        rubric_version=made.rubric_version,
        evaluated_at=made.evaluated_at,
        input_tokens=made.input_tokens,
        output_tokens=made.output_tokens,
        cost=None,
        follow_up=_probe(attempt.follow_up),
    )


def _probe(probe: ImportedProbe | None) -> Probe | None:
    return Probe(criterion=probe.criterion, question=probe.question) if probe else None
