"""What fields of several resources have in common."""

import re
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
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


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def is_zone(name: str) -> bool:
    """Names that a machine has besides, as localtime, mean something else on each."""
    return name in _zone_names()


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("no name of a time zone in the IANA database")
    return name


Zone = Annotated[str, Query(description="Whose days: an IANA name, as Europe/Berlin"), AfterValidator(_known_zone)]


_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_FIRST, _AFTER_LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(5000, 1, 1, tzinfo=UTC)


def _time(text: Any) -> datetime:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ValueError("no time in ISO 8601 with an offset from UTC, as 2026-11-27T10:00:00.000000+01:00")
    return datetime.fromisoformat(text.upper())


def _moment(text: Any) -> datetime:
    """A + that was not encoded comes as a space."""
    return _time(re.sub(r"(?<=[0-9]) (?=\d\d:?\d\d$)", "+", str(text)))


def _of_our_time(time: datetime) -> datetime:
    """What the table can hold and sort."""
    if not _FIRST <= time < _AFTER_LAST:
        raise ValueError("no time from 1970 on and before the year 5000")
    return time.astimezone(UTC)


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""In a query."""
Time = Annotated[datetime, BeforeValidator(_time), AfterValidator(_of_our_time)]
"""In a body."""


class Body(BaseModel):
    """What a client sends: fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
