"""/api/categories and /api/questions: the bank."""

from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Response

from coach import aws, choosing
from coach import questions as bank
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.pages import NUMBERS, Cursor, Limit, Page
from coach.http.responses import responses
from coach.http.schemas.fields import Zone
from coach.http.schemas.history import ComparedAttemptOut
from coach.http.schemas.questions import CategoryOut, NextQuestionOut, QuestionId, QuestionOut
from coach.model import Category, Difficulty
from coach.progress.change import comparisons
from coach.storage.history import POSITION

app = create_app()


@app.get(
    "/api/categories",
    tags=["questions"],
    summary="The seven categories, and what their answers are graded by",
    responses=responses({200: "All of them"}, 401, 503),
)
def list_categories(user: CurrentUser) -> list[CategoryOut]:  # noqa: ARG001 - whoever has a token
    # Not at the top: who asks for a question need not wait until the evaluators are imported.
    from coach.evaluation.rubric import rubric

    return [CategoryOut.of(rubric(category), count) for category, count in bank.counts().items()]


@app.get(
    "/api/questions",
    tags=["questions"],
    summary="The bank's questions",
    responses=responses({200: "One page; the next one is in the Link header"}, 401, 503),
)
def list_questions(
    user: CurrentUser,
    category: Category | None = None,
    difficulty: Difficulty | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[QuestionOut]]:
    page = Page[QuestionOut](app, user, limit, cursor, NUMBERS, category=category, difficulty=difficulty)
    after = page.after_number or 0
    found = (question for question in bank.questions(category, difficulty) if question.id > after)
    return page.response((QuestionOut.of(question), str(question.id)) for question in found)


@app.get(
    "/api/questions/next",
    tags=["questions"],
    summary="The question to practise next, and why",
    description="With a `session_id`: of that session's category unless `category` is given, and in a `review` one "
    "that you have answered before.",
    responses=responses({200: "The question"}, 401, 404, 503),
)
def get_next_question(
    user: CurrentUser,
    category: Category | None = None,
    difficulty: Difficulty | None = None,
    session_id: str | None = None,
    tz: Zone = "UTC",
) -> NextQuestionOut:
    storage = aws.storage()
    session = storage.sessions.get(user.id, session_id) if session_id is not None else None
    found = choosing.choose(
        choosing.history(storage, user.id),
        storage,
        zone=ZoneInfo(tz),
        category=category,
        difficulty=difficulty,
        session=session,
    )
    return NextQuestionOut.chosen(found.question, found.reason)


@app.get(
    "/api/questions/<question_id>/attempts",
    tags=["questions"],
    summary="Your attempts at one question, oldest first, each with what has changed since the one before",
    responses=responses({200: "One page; the next one is in the Link header"}, 401, 404, 503),
)
def list_question_attempts(
    question_id: QuestionId, user: CurrentUser, limit: Limit = 50, cursor: Cursor = None
) -> Response[list[ComparedAttemptOut]]:
    bank.question(question_id)
    page = Page[ComparedAttemptOut](app, user, limit, cursor, POSITION)
    found = aws.storage().histories.at_question(user.id, question_id, after=page.after, limit=limit)
    attempts = [*found.before, *(attempt for attempt, _ in found.attempts)]
    compared = comparisons(attempts, {each.session_id for each in attempts if each.withheld})[len(found.before) :]
    rows = zip(found.attempts, compared, strict=True)
    shown = ((ComparedAttemptOut.compared(attempt, each), position) for (attempt, position), each in rows)
    return page.response(shown, found.onward)


@app.get(
    "/api/questions/<question_id>",
    tags=["questions"],
    summary="One question, with its sample answer once you have answered it",
    description="Not while an exam goes on in which you have answered it.",
    responses=responses({200: "The question"}, 401, 404, 503),
)
def get_question(question_id: QuestionId, user: CurrentUser) -> QuestionOut:
    question = bank.question(question_id)
    storage = aws.storage()
    answered = storage.attempts.has_answered(user.id, question_id)
    return QuestionOut.of(question, with_sample=answered and not storage.histories.is_examined(user.id, question_id))


handler = entrypoint(app)
