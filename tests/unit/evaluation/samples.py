"""Questions and answers for the tests of the evaluation: weak, solid and strong ones from answers/<category>.md.

Those in answers/scripts.md are readable and no more: most are from the Universal Declaration of Human Rights. Their
scripts have marks on the letters, or no spaces between words.
"""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import Category, Difficulty, Evaluation, Question

BANDS = ("weak", "solid", "strong")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@cache
def parts(name: str) -> dict[str, str]:
    text = (Path(__file__).with_name("answers") / f"{name}.md").read_text(encoding="utf-8")
    _, *pieces = re.split(r"^=== (.*) ===\n", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(pieces[::2], pieces[1::2], strict=True)}


def answer(category: Category, band: str) -> str:
    return parts(category)[band]


def question(category: Category = Category.PRODUCT_DESIGN, text: str | None = None) -> Question:
    return Question(
        id=1,
        category=category,
        subcategory=None,
        difficulty=Difficulty.MEDIUM,
        question_text=text or parts(category)["question"],
        source="test",
        frameworks=(),
        hint=None,
        sample_answer=None,
        created_at=NOON,
        updated_at=None,
    )


def grade(asked: Question, text: str) -> Evaluation:
    """What the offline evaluator makes of it."""
    return OfflineEvaluator(clock=lambda: NOON).grade(asked, text)
