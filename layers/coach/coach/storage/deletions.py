"""What ends with an account or with a session: all that it owns is deleted, a transaction at a time.

A deletion begins with a mark, the attribute `deletion` on the profile or the session. Each transaction of the sweep
that follows demands this very mark, so that one which comes late deletes nothing of what has the same id by then. A
sweep may stop anywhere and begin again, and several may be under way at once.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import uuid4

from coach.errors import Busy, NotFound
from coach.storage import keys
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table, unmarshal

ITEMS_AT_ONCE = 25
"""How many items a transaction deletes. With a counter for each it stays below 100 actions, and below 4 MB."""


class Deletions:
    def __init__(self, table: Table) -> None:
        self._table = table

    def delete_session(self, user_id: str, session_id: str) -> None:
        """Delete a session with its attempts; when this returns, nothing of it is left. Raises NotFound, and Busy when
        that takes too long for a request: the table's stream has it done all the same."""
        key = keys.session(user_id, session_id)
        try:
            marked = self._table.update(
                key,
                "SET deletion = if_not_exists(deletion, :mark) REMOVE started",  # out of the list of sessions
                "attribute_exists(pk)",
                {":mark": uuid4().hex},
            )
        except ConditionsFailed:
            raise NotFound("Session not found") from None
        self.sweep(key, marked["deletion"], deadline=self._table.deadline())

    def sweep(self, key: Item, mark: str, *, deadline: float | None = None) -> None:
        """Delete what the account or the session at this key owns, and the item there at last, while it has this mark.
        Raises Busy after the deadline."""
        values = {":mark": mark}
        is_marked = self._table.check(key, "deletion = :mark", values)
        for query, bounds in _stages(key):
            found = True
            while found:
                found = False
                for actions in self._actions(key, query, bounds):
                    found = True
                    if deadline and time.monotonic() > deadline:
                        raise Busy("The session is being deleted, which takes a while; try again in a moment")
                    try:
                        self._table.transact(is_marked, *actions)
                    except ConditionsFailed as failed:
                        if failed.found[0] is not None:
                            return  # Another sweep has come to the end.
        self._table.applied(self._table.removal(key, "deletion = :mark", values))

    def marked(self) -> Iterator[tuple[Item, str]]:
        """The keys of all accounts and sessions whose deletion has begun, each with its mark."""
        for item in self._table.scan({"FilterExpression": "attribute_exists(deletion)"}):
            yield _key_and_mark(item)

    def _actions(self, owner: Item, query: str, bounds: Item) -> Iterator[list[Action]]:
        """What deletes the items that a query finds, in transactions' shares. A session's take down how often its
        questions have been answered; with an account, the counters go as well."""
        request: dict[str, Any] = {"KeyConditionExpression": query, "ProjectionExpression": "sk, question_id"}
        found = (item for item in self._table.query(request, bounds) if item["sk"] != owner["sk"])
        while share := list(islice(found, ITEMS_AT_ONCE)):
            actions = [self._table.removal({"pk": owner["pk"], "sk": item["sk"]}) for item in share]
            if owner["sk"] != keys.PROFILE:
                answered = Counter(item["question_id"] for item in share if "question_id" in item)
                for question_id, count in answered.items():
                    counter = {"pk": owner["pk"], "sk": keys.answered_sk(question_id)}
                    actions.append(self._table.change(counter, "ADD attempts :fewer", None, {":fewer": -count}))
            yield actions


def begun(image: Mapping[str, Any]) -> tuple[Item, str]:
    """The key and the mark of an account or a session whose deletion has begun, by its image in the table's stream."""
    return _key_and_mark(unmarshal(image))


def _key_and_mark(item: Item) -> tuple[Item, str]:
    return {"pk": item["pk"], "sk": item["sk"]}, item["deletion"]


def _stages(owner: Item) -> Iterator[tuple[str, Item]]:
    """The queries for what is to be deleted, each to be repeated until it finds nothing.

    What something can still be written for comes first: sessions, of which there will be no more, then their attempts
    (they sort behind it, so that a query that finds neither has seen the last of both), then what is kept of attempts.
    """
    pk = {":pk": owner["pk"]}
    beginning = "pk = :pk AND begins_with(sk, :beginning)"
    if owner["sk"] == keys.PROFILE:
        yield beginning, pk | {":beginning": "SESSION#"}
        yield "pk = :pk", pk
        return
    session_id = owner["sk"].removeprefix("SESSION#")
    for kind in ("SESSION", "REPLY", "EVALUATION"):
        yield beginning, pk | {":beginning": f"{kind}#{session_id}#"}
