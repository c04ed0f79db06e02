"""Opening an account by its password, and replacing a forgotten one, as the API and the pages do it alike."""

from coach import aws
from coach.identity.passwords import hashed, is_right
from coach.identity.tickets import Ticket
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


def replaced(token: str, password: str) -> bool:
    """Whether the token is that of a link that is good, which the password has used up."""
    resets, ticket = aws.storage().resets, Ticket.read(token)
    email = resets.email(ticket.user_id, ticket.digest) if ticket else None
    if not ticket or not email:
        return False
    return resets.use(ticket.user_id, ticket.digest, email, hashed(password))
