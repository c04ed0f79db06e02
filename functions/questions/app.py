"""/api/categories and /api/questions: the bank."""

from aws_lambda_powertools.event_handler import Response

from coach import api, services
from coach import questions as bank
from coach.model import Category, Difficulty
from coach.schemas import CategoryOut, QuestionOut

app = api.create_app()


@app.get(
    "/api/categories",
    tags=["questions"],
    summary="The seven categories, and what their answers are graded by",
    responses=api.answers({200: "All of them"}, 401),
)
def list_categories(user: api.CurrentUser) -> list[CategoryOut]:  # noqa: ARG001 - whoever has a token
    # Not at the top: who asks for a question need not wait until the evaluators are imported.
    from coach.evaluation.rubric import rubric

    return [CategoryOut.of(rubric(category), count) for category, count in bank.counts().items()]


@app.get(
    "/api/questions",
    tags=["questions"],
    summary="The bank's questions",
    responses=api.answers({200: "One page; the next one is in the Link header"}, 401),
)
def list_questions(
    user: api.CurrentUser,
    category: Category | None = None,
    difficulty: Difficulty | None = None,
    limit: api.Limit = 50,
    cursor: api.Cursor = None,
) -> Response[list[QuestionOut]]:
    page = api.Page[QuestionOut](app, user, limit, cursor, category=category, difficulty=difficulty)
    after = page.after_number or 0
    found = (question for question in bank.questions(category, difficulty) if question.id > after)
    return page.answer((QuestionOut.of(question), str(question.id)) for question in found)


@app.get(
    "/api/questions/<question_id>",
    tags=["questions"],
    summary="One question, with its sample answer once you have answered it",
    responses=api.answers({200: "The question"}, 401, 404),
)
def get_question(question_id: int, user: api.CurrentUser) -> QuestionOut:
    question = bank.question(question_id)
    return QuestionOut.of(question, with_sample=services.table().has_answered(user.id, question_id))


handler = api.entrypoint(app)
