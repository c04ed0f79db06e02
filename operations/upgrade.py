"""`make upgrade`: copy what a stack's former table holds into its new one.

A local index can only be made with its table. So a stack that gets a new index gets a new table, which is empty; the
former one stays as it is. This copies its items, as this version stores them. Run it once the stack is updated, and
again if it is interrupted: it goes on where it was.

What is in the new table already is newer, and is left alone: a session with all that belongs to it, an address that
somebody has registered anew. Answers that wait are evaluated by the new stack.

Exits with 0 when all is copied, 1 when something was left alone, 2 when it could not begin.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from coach.storage.dynamo import ConditionsFailed, Item, Table
from coach.storage.upgrade import missing
from local.errors import LocalError
from operations import stacks
from operations.stacks import Stack, StackError

DONE, LEFT_ALONE, NOT_BEGUN = 0, 1, 2
TOLD_EVERY = 1000


def main(arguments: Sequence[str] | None = None, *, find: Callable[[argparse.Namespace], Stack] = stacks.find) -> int:
    parser = argparse.ArgumentParser(
        prog="make upgrade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", required=True, dest="former", metavar="TABLE", help="the stack's former table")
    stacks.add_options(parser)
    options = parser.parse_args(arguments)
    try:
        stack = find(options)
        copy = Copy(stack.storage.table.beside(options.former), stack.storage.table)
        copy.make()
    except (StackError, LocalError) as error:
        print(f"make upgrade: {error}", file=sys.stderr)
        return NOT_BEGUN
    except ClientError as error:
        print(f"make upgrade: {options.former} cannot be copied: {error}", file=sys.stderr)
        return NOT_BEGUN
    print(
        f"Copied: {copy.copied:,}. There before: {copy.there:,}. Left alone, since the new table has another: ", end=""
    )
    print(f"{len(copy.left_alone):,}", *copy.left_alone, sep="\n  ")
    return LEFT_ALONE if copy.left_alone else DONE


@dataclass
class Copy:
    """Of one table into another, item by item. `left_alone` are keys of what another item is in the place of."""

    former: Table
    new: Table
    copied: int = 0
    there: int = 0
    left_alone: list[str] = field(default_factory=list)
    _sessions: dict[tuple[str, str], bool] = field(default_factory=dict)

    def make(self) -> None:
        for number, item in enumerate(self.former.scan({}), start=1):
            match item["sk"].split("#"):
                case ["SESSION", session_id]:
                    self._takes_session(item["pk"], session_id)
                case ["SESSION", session_id, *_] | ["REPLY" | "EVALUATION", session_id, *_]:
                    if self._takes_session(item["pk"], session_id):
                        self._put(item)
                    else:
                        self.left_alone.append(f"{item['pk']} {item['sk']}")
                case _:
                    self._put(item)
            if number % TOLD_EVERY == 0:
                print(f"{number:,} ...", file=sys.stderr)

    def _takes_session(self, pk: str, session_id: str) -> bool:
        """Copy a session before what belongs to it, and say whether the new table has that one and no other."""
        place = (pk, session_id)
        if place not in self._sessions:
            item = self.former.get({"pk": pk, "sk": f"SESSION#{session_id}"})
            self._sessions[place] = bool(item) and self._put(item)
        return self._sessions[place]

    def _put(self, item: Item) -> bool:
        """Whether the item, as it was copied or has become since, is in the new table."""
        try:
            self.new.put_if_new(item | missing(item, lambda: self._questions(item)))
        except ConditionsFailed as failed:
            found = failed.found[0] or {}
            origin = next((name for name in ("started_at", "created_at", "user_id") if name in item), None)
            if origin and found.get(origin) != item[origin]:
                self.left_alone.append(f"{item['pk']} {item['sk']}")
                return False
            self.there += 1
            return True
        self.copied += 1
        return True

    def _questions(self, session: Item) -> set[int]:
        query = {"KeyConditionExpression": "pk = :pk AND begins_with(sk, :attempts)"}
        values = {":pk": session["pk"], ":attempts": f"{session['sk']}#ATTEMPT#"}
        return {item["question_id"] for item in self.former.query(query, values)}


if __name__ == "__main__":
    sys.exit(main())
