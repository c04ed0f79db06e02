"""`make reset-password`: print a link with which the owner of an account chooses a new password.

For a server that sends no mails, or whose mails do not arrive. The link works once, within 30 minutes, and ends the one
before. Whoever has it has the account: give it to the owner alone.

Exits with 0 when it has printed one, 1 when nobody has the address, 2 when it could not begin.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from coach.errors import Busy
from coach.identity.tickets import Ticket
from local.errors import LocalError
from operations import stacks
from operations.stacks import Stack, StackError

DONE, NOBODY, NOT_BEGUN = 0, 1, 2


def main(arguments: Sequence[str] | None = None, *, find: Callable[[argparse.Namespace], Stack] = stacks.find) -> int:
    parser = argparse.ArgumentParser(
        prog="make reset-password", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("email", metavar="ADDRESS", help="the account's e-mail address")
    parser.add_argument(
        "--url", metavar="URL", help="where users reach the app, if that is not the stack's own address"
    )
    stacks.add_options(parser)
    options = parser.parse_args(arguments)
    try:
        stack = find(options)
        link = _link(stack, options.email, (options.url or stack.url).rstrip("/"))
    except (Busy, StackError, LocalError) as error:
        print(f"make reset-password: {error}", file=sys.stderr)
        return NOT_BEGUN
    if not link:
        print(f"make reset-password: nobody has an account with the address {options.email}", file=sys.stderr)
        return NOBODY
    print(link)
    return DONE


def _link(stack: Stack, email: str, url: str) -> str | None:
    user = stack.storage.accounts.owner(email)
    ticket = Ticket.made(user.id) if user else None
    if not ticket or not stack.storage.resets.make(ticket.user_id, ticket.digest):
        return None
    return f"{url}/auth/password/reset?token={ticket.text}"


if __name__ == "__main__":
    sys.exit(main())
