"""Opening an account by its password, as the API and the pages do it alike."""

from coach import aws
from coach.identity.passwords import is_right
from coach.storage.accounts import Credentials

WRONG = "Wrong e-mail address or password"


def opened(email: str, password: str, source_ip: str) -> Credentials | None:
    """The account that the password opens, or None, for the same work whether or not there is an account.

    Counts wrong passwords. Raises TooManyRequests, and that before it is known whether this one is right.
    """
    tries = aws.storage().limits.password_tries(email, source_ip)
    tries.demand()
    credentials = aws.storage().accounts.credentials(email)
    if not is_right(password, credentials.password_hash if credentials else None):
        credentials = None
    tries.record(wrong=credentials is None)
    return credentials
