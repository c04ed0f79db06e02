"""`make sweep`: delete what is left of deleted accounts and sessions.

By itself the table's stream has that done within minutes. This is for what it has given up after a day, which an alarm
tells, or lost; beside it, it does no harm.

Exits with 0 when all is deleted, 2 when it could not begin.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from local.errors import LocalError
from operations import stacks
from operations.stacks import Stack, StackError

DONE, NOT_BEGUN = 0, 2


def main(arguments: Sequence[str] | None = None, *, find: Callable[[argparse.Namespace], Stack] = stacks.find) -> int:
    parser = argparse.ArgumentParser(
        prog="make sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stacks.add_options(parser)
    try:
        deletions = find(parser.parse_args(arguments)).storage.deletions
    except (StackError, LocalError) as error:
        print(f"make sweep: {error}", file=sys.stderr)
        return NOT_BEGUN
    swept = 0
    for key, mark in deletions.marked():
        deletions.sweep(key, mark)
        swept += 1
    print(f"Deleted accounts and sessions of which something was left: {swept:,}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
