"""What a user brings along: sessions and attempts of an export, with the ids and numbers that they have there.

What is there by id or number is left alone. Attempts are written a few at a time, in one transaction with their session
and its counters, what they answer and how often questions were answered. So nothing is counted twice, whatever is
imported twice or in parallel, and a crash leaves what has been written until then in order.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import uuid4

from coach.errors import Unauthorized
from coach.model import Attempt, Mode, Session, Status
from coach.storage import keys
from coach.storage.accounts import Accounts
from coach.storage.attempts import Attempts, attempt_item, attempt_of, evaluation_item, last_id
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table, size_of
from coach.storage.exports import Part
from coach.storage.sessions import session_item

AT_ONCE = 25
"""How many attempts are written in one transaction, which takes 100 actions: each may count at a question of its own,
and answer another attempt."""
AT_ONCE_BYTES = 2_000_000
"""A transaction takes 4 MB, with the attempts that are answered."""
ITEM_BYTES = 400 * 1024

_IN_INDEX = ("pk", "sk", "at", "row")


@dataclass(frozen=True, slots=True)
class Imported:
    """How many sessions and attempts were new, and how many were there already."""

    sessions: int = 0
    sessions_there: int = 0
    attempts: int = 0
    attempts_there: int = 0


def fits(attempt: Attempt) -> bool:
    """Whether the table can hold an attempt: what the index tells of it counts as well, and so does the follow-up
    question once more when it is answered."""
    item = _item(attempt, {"exam": True, "answered": asdict(attempt.follow_up) if attempt.follow_up else None})
    return size_of(item) + size_of({name: item[name] for name in _IN_INDEX}) <= ITEM_BYTES


class Imports:
    def __init__(self, table: Table, accounts: Accounts, attempts: Attempts) -> None:
        self._table = table
        self._accounts = accounts
        self._attempts = attempts

    def take(self, user_id: str, parts: Sequence[Part]) -> Imported:
        """Store what is not there. The attempts of each part are in the order of their numbers.

        Raises Unauthorized when the account is not there, or its deletion has begun. Waits for the end of the deletion
        of a session that had the id before.
        """
        sessions = attempts = 0
        for part in parts:
            taken = [self._take(user_id, part.session, some) for some in _in_portions(part.attempts)]
            sessions += any(is_new for is_new, _ in taken)
            attempts += sum(count for _, count in taken)
        known = sum(len(part.attempts) for part in parts)
        return Imported(sessions, len(parts) - sessions, attempts, known - attempts)

    def _take(self, user_id: str, session: Session, attempts: Sequence[Attempt]) -> tuple[bool, int]:
        """One transaction: whether the session was new, and how many of the attempts were."""
        session_key = keys.session(user_id, session.id)
        numbers = sorted({each.id for each in attempts} | {each.follow_up_to for each in attempts if each.follow_up_to})
        deadline = self._table.deadline()
        token = uuid4().hex
        while True:
            # The session first: what of its attempts is new later fails the condition on their count.
            stored = self._table.get(session_key)
            if "deletion" in stored:
                self._table.pause(deadline, "A session with this id is being deleted; try again")
                continue
            items = self._table.get_all([keys.attempt(user_id, session.id, number) for number in numbers])
            there = {number: attempt_of(item) for number, item in zip(numbers, items, strict=True) if item}
            new = [each for each in attempts if each.id not in there]
            if stored and not new:
                return False, 0
            try:
                self._table.transact(*self._actions(user_id, session, stored, new, there, token))
            except ConditionsFailed as failed:
                if not any(found and found.get("token") == token for found in failed.found):
                    if failed.found[0] is not None:
                        raise Unauthorized from None
                    # Another request was faster: decide again by what it left.
                    self._table.pause(deadline, "The session is being changed by other requests; try again")
                    continue
            return not stored, len(new)

    def _actions(
        self,
        user_id: str,
        session: Session,
        stored: Item,
        new: Sequence[Attempt],
        there: dict[int, Attempt],
        token: str,
    ) -> list[Action]:
        """`stored` is the session as it is, {} when it is new; `there` are attempts that the new ones may answer."""
        awaited: set[int] = stored.get("awaited", set())
        by_id = {each.id: each for each in new}
        answered = {each.follow_up_to for each in new if each.follow_up_to} | awaited
        still_awaited = answered - by_id.keys() - there.keys()
        exam = Mode(stored["mode"] if stored else session.mode) is Mode.EXAM
        actions = [
            self._accounts.living(user_id),
            self._counted(user_id, session, stored, new, awaited=still_awaited, token=token),
        ]
        for each in new:
            probe = each.follow_up if each.id in answered else None
            more = {"exam": exam, "token": token, "answered": asdict(probe) if probe else None}
            actions.append(self._table.put(_item(each, more), "attribute_not_exists(pk)"))
        for question_id, count in sorted(Counter(each.question_id for each in new).items()):
            answers = keys.answered(user_id, question_id)
            actions.append(self._table.change(answers, "ADD attempts :count", None, {":count": count}))
        for number in sorted(answered & there.keys()):
            asking = there[number]
            if asking.follow_up and not asking.answered:
                key = keys.attempt(user_id, session.id, number)
                actions.append(self._attempts.answered(key, asking.follow_up))
        return actions

    def _counted(
        self, user_id: str, session: Session, stored: Item, new: Sequence[Attempt], *, awaited: set[int], token: str
    ) -> Action:
        """The action that puts the session with its counters, or counts on one that is still as it was read."""
        counts = _counts(new)
        questions = {each.question_id for each in new}
        if not stored:
            item = session_item(replace(session, user_id=user_id)) | counts
            if session.mode is not Mode.EXAM:
                item["at"] = None if new else keys.NO_TIME  # its attempts tell the history of it
            elif session.ended_at:
                item["at"] = keys.NO_TIME
            else:
                item["questions"] = questions or None
            item |= {"token": token, "last_id": max((each.id for each in new), default=0), "awaited": awaited or None}
            return self._table.put(item, "attribute_not_exists(pk)")
        add = ", ".join(f"{name} :{name}" for name in counts)
        values: Item = {f":{name}": count for name, count in counts.items()}
        condition = "attempts_count = :before AND #mode = :mode AND attribute_not_exists(deletion)"
        values |= {":before": stored["attempts_count"], ":mode": stored["mode"]}
        update = ["SET last_id = :last_id"]
        values[":last_id"] = max(last_id(stored), *(each.id for each in new))
        remove = [] if stored["mode"] == Mode.EXAM else ["#at"]
        if awaited:
            update.append(", awaited = :awaited")
            values[":awaited"] = awaited
        elif "awaited" in stored:
            remove.append("awaited")
        update.append(f" ADD {add}")
        if stored["mode"] == Mode.EXAM and "ended_at" not in stored:
            update.append(", questions :questions")
            values[":questions"] = questions
            condition += " AND attribute_not_exists(ended_at)"
        if remove:
            update.append(f" REMOVE {', '.join(remove)}")
        return self._table.change(keys.session(user_id, session.id), "".join(update), condition, values)


def _in_portions(attempts: Sequence[Attempt]) -> Iterator[Sequence[Attempt]]:
    """At least one, so that a session without attempts is taken as well."""
    portion: list[Attempt] = []
    size = 0
    for each in attempts:
        size += size_of(_item(each, {}))
        if portion and (len(portion) == AT_ONCE or size > AT_ONCE_BYTES):
            yield portion
            portion, size = [], size_of(_item(each, {}))
        portion.append(each)
    yield portion


def _counts(attempts: Sequence[Attempt]) -> dict[str, int]:
    """What a session counts of its attempts."""
    first = [each for each in attempts if each.follow_up_to is None]
    scores = [each.evaluation.overall for each in first if each.evaluation]
    evaluated = sum(each.evaluation is not None for each in attempts)
    return {
        "attempts_count": len(attempts),
        "scored_count": len(scores),
        "failed_count": sum(each.status is Status.FAILED for each in attempts),
        "score_sum": sum(scores),
        "follow_ups_count": len(attempts) - len(first),
        "follow_ups_scored_count": evaluated - len(scores),
    }


def _item(attempt: Attempt, more: Item) -> Item:
    imported_at = attempt.imported_at
    return attempt_item(attempt) | {
        "evaluation": evaluation_item(attempt.evaluation) if attempt.evaluation else None,
        "failure": attempt.failure,
        "imported_at": keys.text_of(imported_at) if imported_at else None,
        **more,
    }
