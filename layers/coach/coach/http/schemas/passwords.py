"""What accounts are opened with."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field
from pydantic_core import PydanticCustomError

from coach.http.schemas.fields import Text
from coach.identity.passwords import composed, is_common

Email = Annotated[EmailStr, Field(max_length=255)]
Password = Annotated[Text, AfterValidator(composed), Field(min_length=8, max_length=128)]


def _uncommon(password: str) -> str:
    if is_common(password):
        msg = "This is one of the 10,000 commonest passwords, which are tried first; choose another"
        raise PydanticCustomError("password_too_common", msg)
    return password


NewPassword = Annotated[Password, AfterValidator(_uncommon), Field(description="None of the 10,000 commonest")]
"""Nothing else is demanded (NIST SP 800-63B): rules about kinds of characters make passwords no better."""
