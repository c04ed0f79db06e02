"""A question as its file in the bank: its name and its text, as `coach.questions` reads them."""

import json
import re
import unicodedata
from pathlib import Path

from coach.model import Question

SLUG_WORDS = 6
SLUG_MAX_CHARS = 48


def name(question: Question) -> Path:
    """The path inside the bank: strategy/0141-should-a-bakery-open-at-night.md."""
    return Path(question.category) / f"{question.id:04}-{_slug(question.question_text)}.md"


def page(question: Question) -> str:
    """The text of the file."""
    front = {
        "id": question.id,
        "subcategory": question.subcategory,
        "difficulty": question.difficulty,
        "frameworks": list(question.frameworks),
        "source": question.source,
    }
    # For texts, lists and whole numbers JSON is TOML as well, but that TOML has no half surrogates and no DEL.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()]
    lines.append(f"created_at = {question.created_at:%Y-%m-%dT%H:%M:%SZ}")
    return (
        "+++\n" + "\n".join(lines) + "\n+++\n\n"
        f"# Question\n\n{question.question_text}\n\n"
        f"## Hint\n\n{question.hint}\n\n"
        f"## Sample answer\n\n{question.sample_answer}\n"
    )


def _slug(text: str) -> str:
    """The first words in plain letters, or `question` where it has none."""
    plain = unicodedata.normalize("NFKD", re.sub("['’]", "", text)).encode("ascii", "ignore").decode().lower()
    words = re.findall("[a-z0-9]+", plain)[:SLUG_WORDS]
    slug = "-".join(words)[:SLUG_MAX_CHARS]
    if len("-".join(words)) > len(slug) and "-" in slug:
        slug = slug.rpartition("-")[0]  # not half a word
    return slug or "question"
