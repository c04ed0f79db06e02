"""Why a form was not taken, in a visitor's words."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from coach.errors import CoachError, QuotaUsedUp

FIELDS = {
    "answer_text": "An answer",
    "category_filter": "The category",
    "current_password": "The current password",
    "email": "The e-mail address",
    "full_name": "A name",
    "mode": "The mode",
    "new_password": "The new password",
    "password": "A password",
}
"""What a person calls the fields of the forms."""


def said(refused: ValidationError) -> str:
    """What is wrong with a form, as one text."""
    return " ".join(dict.fromkeys(mistake(each) for each in refused.errors()))


def mistake(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors, as a sentence."""
    field, told = (error["loc"] or ("",))[-1], error.get("ctx", {})
    name = FIELDS.get(field, "This")
    if field == "timer_minutes":
        return "The minutes are a whole number from 1 to 60, or nothing."
    match error["type"]:
        case "missing":
            return f"{name} is missing."
        case "string_too_short" | "too_short":
            return f"{name} has at least {told['min_length']:,} characters."
        case "string_too_long" | "too_long":
            return f"{name} has at most {told['max_length']:,} characters."
        case "enum":
            return f"{name} is none of those that there are."
        case "value_error" if field == "email":
            return "This is no e-mail address."
    return sentence(error["msg"].removeprefix("Value error, "))


def told(refused: CoachError) -> str:
    """What stands against something that somebody asked for."""
    if isinstance(refused, QuotaUsedUp):
        return f"{refused.detail}. There are new ones from midnight on (UTC)."
    return sentence(refused.detail)


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
