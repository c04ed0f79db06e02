"""/api/categories and /api/questions: the bank."""

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach import questions as bank
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.pages import Cursor, Limit, Page
from coach.http.responses import responses
from coach.http.schemas.questions import CategoryOut, QuestionId, QuestionOut
from coach.model import Category, Difficulty

app = create_app()


@app.get(
    "/api/categories",
    tags=["questions"],
    summary="The seven categories, and what their answers are graded by",
    responses=responses({200: "All of them"}, 401),
)
def list_categories(user: CurrentUser) -> list[CategoryOut]:  # noqa: ARG001 - whoever has a token
    # Not at the top: who asks for a question need not wait until the evaluators are imported.
    from coach.evaluation.rubric import rubric

    return [CategoryOut.of(rubric(category), count) for category, count in bank.counts().items()]


@app.get(
    "/api/questions",
    tags=["questions"],
    summary="The bank's questions",
    responses=responses({200: "One page; the next one is in the Link header"}, 401),
)
def list_questions(
    user: CurrentUser,
    category: Category | None = None,
    difficulty: Difficulty | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[QuestionOut]]:
    page = Page[QuestionOut](app, user, limit, cursor, category=category, difficulty=difficulty)
    after = page.after_number or 0
    found = (question for question in bank.questions(category, difficulty) if question.id > after)
    return page.response((QuestionOut.of(question), str(question.id)) for question in found)


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
