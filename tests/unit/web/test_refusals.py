"""Why a form was not taken, in a visitor's words."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from coach.errors import Conflict, QuotaUsedUp
from coach.http.schemas.attempts import AttemptIn
from coach.http.schemas.sessions import SessionIn
from coach.web.account import PasswordChange
from coach.web.entry import Forgotten, NewChoice, Registration, SignIn
from coach.web.refusals import said, told

GOOD = {"email": "ada@example.com", "password": "correct horse battery", "question_id": 1, "answer_text": "x" * 50}
MISTAKES: list[tuple[type[BaseModel], dict[str, Any], str]] = [
    (Registration, {"email": None}, "The e-mail address is missing."),
    (Registration, {"email": "ada"}, "This is no e-mail address."),
    (Registration, {"email": "@"}, "This is no e-mail address."),
    (
        Registration,
        {"email": f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.com"},
        "This is no e-mail address.",
    ),
    (Registration, {"password": None}, "A password is missing."),
    (Registration, {"password": "short"}, "A password has at least 8 characters."),
    (Registration, {"password": "x" * 129}, "A password has at most 128 characters."),
    (
        Registration,
        {"password": "password123"},
        "This is one of the 10,000 commonest passwords, which are tried first; choose another.",
    ),
    (Registration, {"full_name": "x" * 101}, "A name has at most 100 characters."),
    (
        Registration,
        {"email": "ada", "password": "short"},
        "This is no e-mail address. A password has at least 8 characters.",
    ),
    (NewChoice, {}, "The new password is missing."),
    (PasswordChange, {}, "The current password is missing. The new password is missing."),
    (AttemptIn, {"answer_text": "Short."}, "An answer has at least 50 characters."),
    (AttemptIn, {"answer_text": "x" * 20_001}, "An answer has at most 20,000 characters."),
    (
        AttemptIn,
        {"answer_text": f"{' ' * 50}x"},
        "An answer has at least 50 characters, not counting space and invisible characters around it.",
    ),
    (SessionIn, {"timer_minutes": 0}, "The minutes are a whole number from 1 to 60, or nothing."),
    (SessionIn, {"timer_minutes": "x"}, "The minutes are a whole number from 1 to 60, or nothing."),
    (SessionIn, {"mode": "sleep"}, "The mode is none of those that there are."),
    (SessionIn, {"category_filter": "x"}, "The category is none of those that there are."),
]


@pytest.mark.parametrize(("form", "typed", "words"), MISTAKES)
def test_a_mistake_is_said_as_a_person_says_it(form: type[BaseModel], typed: dict[str, Any], words: str) -> None:
    fields = {name: value for name, value in (GOOD | typed).items() if value is not None and name in form.model_fields}

    with pytest.raises(ValidationError) as refused:
        form.model_validate(fields)

    assert said(refused.value) == words


@pytest.mark.parametrize("form", [Registration, SignIn, Forgotten, NewChoice, PasswordChange, SessionIn])
@pytest.mark.parametrize("text", ["", "x", "\ufffd" * 300, "\x00", " "])
def test_no_mistake_is_told_in_the_words_of_a_program(form: type[BaseModel], text: str) -> None:
    sent = dict.fromkeys(form.model_fields, text) | ({"id": None} if form is SessionIn else {})

    with pytest.raises(ValidationError) as refused:
        form.model_validate(sent)

    words = said(refused.value)
    assert words[0].isupper()
    assert words.endswith(".")
    assert not [each for each in ("Input", "Value", "String", "Field", "valid", "items", "pattern") if each in words]


def test_what_is_used_up_says_when_there_is_more() -> None:
    refused = QuotaUsedUp("The limit of 200 evaluations a day is reached", 60)

    assert told(refused) == f"{refused.detail}. There are new ones from midnight on (UTC)."
    assert told(Conflict("The session has ended")) == "The session has ended."
