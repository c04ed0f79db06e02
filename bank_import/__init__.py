"""What authors do: `make import FILE=questions.xlsx` brings questions out of a spreadsheet into the bank.

cells           reads CSV and XLSX files into cells of text, each with its place
rows            the columns, and what each row says
pages           a question as its file in the bank
bank            the bank's folder: what is taken, and new files
__main__        `make import`
question_files  what a question's file must be
check           every mistake in the authors' files, for `make check`
"""

from pydantic import ValidationError


class Refused(Exception):
    """What authors have to correct; `mistakes` has one "place: message" for each thing."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = list(mistakes)


def told(place: object, error: Exception) -> list[str]:
    """What a reader or pydantic found wrong, as "place: key.path: message". What is in a list is counted from 1."""
    if not isinstance(error, ValidationError):
        return [f"{place}: {error}"]
    found = error.errors()
    beginnings = {each["loc"][:length] for each in found for length in range(len(each["loc"]))}
    return [
        ": ".join(filter(None, (str(place), _key(each["loc"]), each["msg"].removeprefix("Value error, "))))
        for each in found
        # An item that is wrong makes its list too short as well, which nobody has to be told.
        if not (each["type"] == "too_short" and each["loc"] in beginnings)
    ]


def _key(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
