"""Attempts: answers of a session, numbered from 1 on, each with its evaluation once there is one."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from coach.errors import Conflict, Invalid, NotFound, Repeated
from coach.model import (
    FOLLOW_UPS_MAX,
    Attempt,
    Category,
    Criterion,
    Evaluation,
    EvaluationRequest,
    Evaluator,
    Mode,
    Probe,
    Status,
)
from coach.storage import keys, rows
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table, marshal, unmarshal
from coach.storage.limits import Allowance, Limits
from coach.storage.sessions import is_there, session_of


@dataclass(frozen=True, slots=True)
class Added:
    """The attempt that a request made, now or before, and how many more evaluations may be asked for today."""

    attempt: Attempt
    new: bool
    remaining: int


class Attempts:
    def __init__(self, table: Table, limits: Limits) -> None:
        self._table = table
        self._limits = limits

    def add(
        self,
        user_id: str,
        session_id: str,
        *,
        question_id: int,
        category: Category,
        answer_text: str,
        time_spent_sec: int | None,
        idempotency_key: str | None,
        allowance: Allowance,
        follow_up_to: int | None = None,
        time_counts: bool = True,
    ) -> Added:
        """Store an answer as the session's next attempt, pending. `category` is the question's.

        The attempt, its count on the session and on the day, the idempotency key, and that it answers the probe of
        attempt `follow_up_to`, are one transaction. Raises NotFound for the session and that attempt; Invalid when it
        is of another question; Conflict when it has no probe to answer, the session has ended or its time is up;
        Repeated when the key was used with another body, to which the time spent belongs if that `time_counts`;
        QuotaUsedUp or BudgetUsedUp when the day allows no more.
        """
        seconds = time_spent_sec if time_counts else None
        body = (question_id, answer_text, seconds, *([follow_up_to] if follow_up_to else []))
        request = hashlib.sha256(repr(body).encode()).hexdigest()
        session_key = keys.session(user_id, session_id)
        key_key = keys.idempotency(user_id, session_id, idempotency_key) if idempotency_key else None
        asking_key = keys.attempt(user_id, session_id, follow_up_to) if follow_up_to else None
        count = self._limits.daily_count(user_id, allowance)
        optional = [key for key in (asking_key, key_key) if key]
        session, *counted = self._table.get_all([session_key, *count.keys, *optional])
        used = counted.pop() if key_key else {}
        asking = counted.pop() if asking_key else {}
        asked = None
        count.see(*counted)
        deadline = self._table.deadline()
        token = uuid4().hex
        while True:
            if not is_there(session):
                raise NotFound("Session not found")
            if used:
                return Added(self._replayed(user_id, session_id, used, request), new=False, remaining=count.remaining)
            if "ended_at" in session:
                raise Conflict("The session has ended")
            if last_id(session) >= keys.ATTEMPTS_MAX:
                raise Conflict("The session has no number left for another attempt")
            now = self._table.moment
            earliest_start = _earliest_start(session, now)
            probe = _open_probe(session, asking, question_id) if asking_key else None
            if asked and probe != asked:  # evaluated again meanwhile
                raise Conflict("The follow-up question of this attempt has changed")
            asked = probe
            is_exam = session["mode"] == Mode.EXAM
            attempt = Attempt(
                id=last_id(session) + 1,
                user_id=user_id,
                session_id=session["id"],
                question_id=question_id,
                category=category,
                answer_text=answer_text,
                time_spent_sec=time_spent_sec,
                status=Status.PENDING,
                round=1,
                evaluation=None,
                failure=None,
                created_at=now,
                asked_at=now,
                withheld=is_exam,
                follow_up_to=follow_up_to,
                probe=probe,
            )
            counting = count.actions()
            actions = [
                self._table.put(attempt_item(attempt) | {"exam": is_exam, "token": token}, "attribute_not_exists(pk)"),
                self._counted(session, attempt, earliest_start),
                *counting,
                self._table.change(
                    keys.answered(user_id, question_id),
                    "ADD attempts :one",
                    None,
                    {":one": 1},
                ),
            ]
            if asking_key and probe:
                actions.append(self.answered(asking_key, probe))
            if key_key:
                use = {"attempt_id": attempt.id, "request": request}
                actions.append(self._table.put(key_key | use, "attribute_not_exists(pk)"))
            try:
                self._table.transact(*actions)
            except ConditionsFailed as failed:
                there, now_session, *others = failed.found
                if there and there["token"] == token:
                    return Added(attempt, new=True, remaining=count.remaining - 1)
                # Another request was faster: decide again by what it left.
                session = session if now_session is None else now_session
                used = (others.pop() if key_key else None) or {}
                now_asking = others.pop() if asking_key else None
                asking = asking if now_asking is None else now_asking
                count.see(*others[: len(counting)])
                self._table.pause(deadline, "The session is being changed by other requests; try again")
            else:
                return Added(attempt, new=True, remaining=count.remaining - 1)

    def _counted(self, session: Item, attempt: Attempt, earliest_start: str) -> Action:
        """The action that counts an attempt on its session, if that is still as it was read and takes answers."""
        counts = "SET last_id = :id ADD attempts_count :one, follow_ups_count :follow_up"
        values = {
            ":id": attempt.id,
            ":one": 1,
            ":follow_up": 1 if attempt.probe else 0,
            ":before": session["attempts_count"],
            ":mode": session["mode"],
            ":earliest": earliest_start,
        }
        if session["mode"] == Mode.EXAM:
            update, values[":question"] = f"{counts}, questions :question", {attempt.question_id}
        else:
            update = f"{counts} REMOVE #at"  # its attempts tell the history of it from now on
        return self._table.change(
            keys.session(attempt.user_id, attempt.session_id),
            update,
            "attempts_count = :before AND attribute_not_exists(ended_at) AND attribute_not_exists(deletion) "
            "AND #mode = :mode AND started_at >= :earliest",
            values,
        )

    def answered(self, asking_key: Item, probe: Probe) -> Action:
        """The action that takes an attempt's probe as answered, if the attempt still asks it and nobody has."""
        return self._table.change(
            asking_key,
            "SET answered = :probe",
            "attribute_not_exists(answered) "
            "AND evaluation.follow_up.criterion = :criterion AND evaluation.follow_up.question = :question",
            {":probe": asdict(probe), ":criterion": probe.criterion, ":question": probe.question},
        )

    def _replayed(self, user_id: str, session_id: str, used: Item, request: str) -> Attempt:
        if used["request"] != request:
            raise Repeated("This Idempotency-Key was used with another body")
        return self.get(user_id, session_id, used["attempt_id"])

    def get(self, user_id: str, session_id: str, attempt_id: int) -> Attempt:
        """Raises NotFound."""
        wanted = [keys.attempt(user_id, session_id, attempt_id), keys.session(user_id, session_id)]
        item, session = self._table.get_all(wanted)
        if not item or not is_there(session):
            raise NotFound("Attempt not found")
        attempt = attempt_of(item)
        return replace(attempt, withheld=attempt.withheld and session_of(session).is_open_exam)

    def stored(self, user_id: str, session_id: str, attempt_id: int) -> Attempt:
        """As `get`, but not as its user may see it, and also of a session whose deletion has begun. Raises NotFound."""
        item = self._table.get(keys.attempt(user_id, session_id, attempt_id))
        if not item:
            raise NotFound("Attempt not found")
        return attempt_of(item)

    def earlier(self, attempt: Attempt) -> tuple[Attempt, ...]:
        """What a follow-up builds on, first answer first; nothing for a first answer. Raises NotFound."""
        return self._earlier(attempt, FOLLOW_UPS_MAX)

    def _earlier(self, attempt: Attempt, at_most: int) -> tuple[Attempt, ...]:
        if attempt.follow_up_to is None:
            return ()
        if not at_most:  # only an import can bring so many
            raise NotFound("This answer follows up more answers than are graded together.")
        try:
            before = self.stored(attempt.user_id, attempt.session_id, attempt.follow_up_to)
        except NotFound:
            raise NotFound("The answer that this one follows up is no longer there.") from None
        return (*self._earlier(before, at_most - 1), before)

    def of_session(
        self, user_id: str, session_id: str, *, after: int | None = None, page_size: int
    ) -> Iterator[Attempt]:
        """A session's attempts, oldest first, from the one behind number `after` on. Raises NotFound."""
        session_key = keys.session(user_id, session_id)
        # The session's own item sorts before its attempts: one query finds out whether it exists as well.
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :session AND :last",
            "Limit": page_size + 1,
        }
        values = {
            ":pk": session_key["pk"],
            ":session": session_key["sk"],
            ":last": f"{session_key['sk']}#ATTEMPT#~",
        }
        if after is not None:
            query["ExclusiveStartKey"] = marshal(keys.attempt(user_id, session_id, after))
        items = self._table.query(query, values)
        if after is None and not is_there(next(items, {})):
            raise NotFound("Session not found")
        return self._shown(items)

    def all(self, user_id: str | None = None) -> Iterator[Attempt]:
        """Every attempt of a user, or of everybody, in no order; pages are read as they are needed."""
        request: dict[str, Any] = {"FilterExpression": "attribute_exists(answer_text)"}
        if user_id is None:
            return map(attempt_of, self._table.scan(request))
        request["KeyConditionExpression"] = "pk = :pk AND begins_with(sk, :sessions)"
        values = {":pk": keys.user(user_id), ":sessions": "SESSION#"}
        return map(attempt_of, self._table.query(request, values))

    def _shown(self, items: Iterable[Item]) -> Iterator[Attempt]:
        """Attempts as their owner may see them: withheld while their session is an exam that goes on.

        The session is read after them, and an end in between is no harm, since nothing undoes it.
        """
        goes_on: dict[str, bool] = {}
        for attempt in map(attempt_of, items):
            if not attempt.withheld:
                yield attempt
                continue
            if attempt.session_id not in goes_on:
                session = self._table.get(keys.session(attempt.user_id, attempt.session_id))
                # One that is gone may have been an exam.
                goes_on[attempt.session_id] = not session or session_of(session).is_open_exam
            yield replace(attempt, withheld=goes_on[attempt.session_id])

    def has_answered(self, user_id: str, question_id: int) -> bool:
        count: int = self._table.get(keys.answered(user_id, question_id)).get("attempts", 0)
        return count > 0


def evaluation_request(image: Mapping[str, Any]) -> EvaluationRequest:
    """From an attempt's image in a record of the table's stream."""
    item = unmarshal(image)
    return EvaluationRequest(
        user_id=item["user_id"],
        session_id=item["session_id"],
        attempt_id=item["id"],
        round=item["round"],
        created_at=keys.time_of(item["created_at"]),
    )


def _earliest_start(session: Item, now: datetime) -> str:
    """When a session has to have started so that it takes an answer now. Raises Conflict when it started before."""
    started: str = session["started_at"]
    limit = session_of(session).takes_answers_for
    earliest = keys.text_of(now - limit) if limit else started
    if started < earliest:
        raise Conflict(f"Time is up: the session took answers for {session['timer_minutes']} minutes")
    return earliest


def _open_probe(session: Item, asking: Item, question_id: int) -> Probe:
    """What an attempt asks and nobody has answered yet. Raises NotFound, Invalid and Conflict."""
    if not asking:
        raise NotFound("The attempt to follow up was not found")
    attempt = attempt_of(asking)
    if attempt.question_id != question_id:
        loc = ("body", "question_id")
        raise Invalid(loc, "This is not the question of the attempt to follow up", "question_mismatch")
    if session["mode"] == Mode.EXAM:
        raise Conflict("An exam asks no follow-up questions")
    if attempt.answered:
        raise Conflict("The follow-up question of this attempt has been answered")
    if attempt.status is Status.PENDING:
        raise Conflict("This attempt is not evaluated yet, and so asks nothing")
    if attempt.status is Status.FAILED:
        raise Conflict("The evaluation of this attempt has failed, and so asks nothing")
    if attempt.follow_up is None:
        raise Conflict("The evaluation of this attempt asks nothing more")
    return attempt.follow_up


def last_id(session: Item) -> int:
    """The highest number of a session's attempts. A session from before there were imports has them all."""
    last: int = session["last_id"] if "last_id" in session else session["attempts_count"]
    return last


def attempt_item(attempt: Attempt) -> Item:
    """Of an attempt that is new: without what comes of its evaluation."""
    return keys.attempt(attempt.user_id, attempt.session_id, attempt.id) | {
        "id": attempt.id,
        "user_id": attempt.user_id,
        "session_id": attempt.session_id,
        "question_id": attempt.question_id,
        "category": attempt.category,
        "answer_text": attempt.answer_text,
        "time_spent_sec": attempt.time_spent_sec,
        "status": attempt.status,
        "round": attempt.round,
        "created_at": keys.text_of(attempt.created_at),
        "asked_at": keys.text_of(attempt.asked_at),
        "follow_up_to": attempt.follow_up_to,
        "probe": asdict(attempt.probe) if attempt.probe else None,
        "at": keys.at_of(attempt.created_at),
        "row": rows.of(attempt),
    }


def attempt_of(item: Item) -> Attempt:
    """An attempt is withheld until its session is known to be no exam, or to have ended."""
    return Attempt(
        id=item["id"],
        user_id=item["user_id"],
        session_id=item["session_id"],
        question_id=item["question_id"],
        category=Category(item["category"]),
        answer_text=item["answer_text"],
        time_spent_sec=item.get("time_spent_sec"),
        status=Status(item["status"]),
        round=item["round"],
        evaluation=_evaluation_of(item["evaluation"]) if "evaluation" in item else None,
        failure=item.get("failure"),
        created_at=datetime.fromisoformat(item["created_at"]),
        asked_at=datetime.fromisoformat(item["asked_at"] if "asked_at" in item else item["created_at"]),
        evaluation_round=item.get("evaluation_round"),
        reevaluating=keys.time_of(item.get("reevaluating")),
        reevaluation_failure=item.get("reevaluation_failure"),
        follow_up_to=item.get("follow_up_to"),
        probe=_probe_of(item.get("probe")),
        answered=_probe_of(item.get("answered")),
        withheld=item.get("exam", True),
        lease_until=item.get("lease_until"),
        imported_at=keys.time_of(item.get("imported_at")),
    )


def _probe_of(item: Item | None) -> Probe | None:
    return Probe(criterion=item["criterion"], question=item["question"]) if item else None


def evaluation_item(evaluation: Evaluation) -> Item:
    """Without the reply, which has an item of its own."""
    item = asdict(replace(evaluation, reply=None)) | {"evaluated_at": keys.text_of(evaluation.evaluated_at)}
    return {name: value for name, value in item.items() if value is not None}


def _evaluation_of(item: Item) -> Evaluation:
    return Evaluation(
        overall=item["overall"],
        framework=item["framework"],
        structure=item["structure"],
        completeness=item["completeness"],
        strengths=tuple(item["strengths"]),
        improvements=tuple(item["improvements"]),
        suggested_framework=item.get("suggested_framework"),
        example_point=item.get("example_point"),
        criteria=tuple(
            Criterion(
                name=criterion["name"],
                score=criterion["score"],
                evidence=tuple(criterion["evidence"]),
                comment=criterion["comment"],
            )
            for criterion in item["criteria"]
        ),
        evaluator=Evaluator(item["evaluator"]),
        model=item["model"],
        rubric_version=item["rubric_version"],
        evaluated_at=datetime.fromisoformat(item["evaluated_at"]),
        input_tokens=item["input_tokens"],
        output_tokens=item["output_tokens"],
        prompt=item.get("prompt"),
        effort=item.get("effort"),
        cost=item.get("cost"),
        follow_up=_probe_of(item.get("follow_up")),
    )
