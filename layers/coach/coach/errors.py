"""What can go wrong, in a caller's words. An HTTP error knows its status; `http.errors` turns it into a response."""

from collections.abc import Sequence

from coach.model import PaidReply


class CoachError(Exception):
    """The project's base error: `status` is the HTTP status, `detail` the text that the caller reads."""

    status = 500

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unauthorized(CoachError):
    """The caller has not proved who they are, or their account is gone: all are told the same."""

    status = 401

    def __init__(self, detail: str = "Not authenticated") -> None:
        super().__init__(detail)


class Forbidden(CoachError):
    """Whoever asks, this request is not one to follow."""

    status = 403


class NotFound(CoachError):
    """It does not exist, or belongs to somebody else, which is the same to the caller."""

    status = 404


class Conflict(CoachError):
    """The request contradicts what is stored."""

    status = 409


class Repeated(Conflict):
    """The request has the key of one before it, and is another."""


class Invalid(CoachError):
    """A value that has the right shape and still cannot be used; `loc` is its place in the request."""

    status = 422

    def __init__(self, loc: tuple[str | int, ...], msg: str, kind: str) -> None:
        super().__init__(msg)
        self.loc = loc
        self.kind = kind


class InvalidParts(CoachError):
    """Several values of a request that cannot be used."""

    status = 422

    def __init__(self, mistakes: Sequence[Invalid]) -> None:
        super().__init__("; ".join(each.detail for each in mistakes))
        self.mistakes = mistakes


class TooLarge(CoachError):
    """The request has more bytes than are taken."""

    status = 413


class TooManyRequests(CoachError):
    """The caller's share is used up, for so many seconds."""

    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class QuotaUsedUp(TooManyRequests):
    """No more evaluations may be asked for on this day."""


class BudgetUsedUp(QuotaUsedUp):
    """Not by this user alone: nobody may ask for more, and somebody should know."""


class Busy(CoachError):
    """The database or who issued the token does not answer, or refuses for now; the same request may be sent again."""

    status = 503


class EvaluationRefused(Exception):
    """This answer cannot be evaluated, now or later; the text is a reason in the candidate's words. `reply`: what was
    paid for all the same."""

    def __init__(self, reason: str, reply: PaidReply | None = None) -> None:
        super().__init__(reason)
        self.reply = reply


class EvaluationUnavailable(Exception):
    """The model could not be asked just now. `retry_after`: seconds that it asked us to wait, or None."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class SpendLimitReached(EvaluationUnavailable):
    """The account's spend limit is reached: no call is worth making until somebody raises it or it expires."""


class UnusableReply(EvaluationUnavailable):
    """The model replied and the reply is no evaluation. Asking once more may help; a second time is a failure."""

    def __init__(self, reason: str, reply: PaidReply) -> None:
        super().__init__(reason)
        self.reply = reply
