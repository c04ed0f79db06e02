"""The table's stream has links for new passwords mailed, to the address that the account has, not to the one asked for:
two spellings may be one key, and two mailboxes.

A record whose mail could not be sent fails, and the stream delivers it again. A link that was mailed and is mailed once
more for that is another one, which ends the first.
"""

from typing import Any

from aws_lambda_powertools import Logger

from coach import aws
from coach.identity.tickets import Ticket
from coach.initialisation import end_initialisation
from coach.storage.resets import Asked

SUBJECT = "A new password for PM Interview Coach"
TEXT = """Somebody, probably you, has asked for a new password for your account at PM Interview Coach.

Choose it here within the next 30 minutes:
{link}

The link works once. If you have asked more than once, only the newest one works. If you have not asked at all, you need
not do anything: your password is still the one that it was.
"""

logger = Logger()


def handler(event: dict[str, Any], _context: object) -> None:
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        asked = aws.storage().resets.asked(image["pk"]["S"], image["asking"]["S"])
        if asked:
            mail(asked)
            aws.storage().resets.close(asked)


def mail(asked: Asked) -> None:
    """Mail a link, if there is an account, the server sends mails, and it is not too late."""
    mailer, resets = aws.mailer(), aws.storage().resets
    if not mailer:
        logger.warning("No link for a new password is mailed: MailFrom is not set")
        return
    user = aws.storage().accounts.owner(asked.email)
    if not user or not user.email:
        return
    ticket = Ticket.made(user.id)
    if not resets.is_late(asked) and resets.make(user.id, ticket.digest):
        link = f"{asked.origin}/auth/password/reset?token={ticket.text}"
        mailer.send(user.email, SUBJECT, TEXT.format(link=link))


end_initialisation(aws.storage, aws.mailer)
