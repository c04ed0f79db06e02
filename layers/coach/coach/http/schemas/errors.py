"""Errors."""

from pydantic import BaseModel


class Error(BaseModel):
    """Why a request was not done."""

    detail: str


class Mistake(BaseModel):
    """What is wrong at one place of a request."""

    loc: list[str | int]
    msg: str
    type: str


class InvalidRequest(BaseModel):
    """Why a request cannot be done as it is: all that is wrong with it."""

    detail: list[Mistake]
