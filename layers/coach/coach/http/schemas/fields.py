"""What fields of several resources have in common."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from coach.errors import NotFound

UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"


def _encodable(text: str) -> str:
    """JSON can spell half of a surrogate pair, which no UTF-8 text can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"character {error.start} is half of a surrogate pair") from None
    return text


Text = Annotated[str, AfterValidator(_encodable)]
SessionId = Annotated[str, StringConstraints(pattern=UUID_PATTERN, to_lower=True)]
WholeNumber = Annotated[int, Field(strict=True)]


def _no_other_id(segment: str) -> str:
    """Raises NotFound for 1%0A, 1., 01 or 1_0: pydantic reads some of them as a number, and they are other ids."""
    if segment[:1].isdecimal() and not re.fullmatch("0|[1-9][0-9]*", segment):
        raise NotFound("Not Found")
    return segment


AS_WRITTEN = BeforeValidator(_no_other_id)
"""For an id that is a number, as a segment of a path."""


class Body(BaseModel):
    """What a client sends: fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
