"""Evaluations: who may make one, and how it is written so that it counts once.

Each asking is a round of its attempt. A worker takes the attempt's lease, and the round is closed by the first result.
"""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from uuid import uuid4

from coach.errors import Conflict, NotFound
from coach.model import Attempt, Evaluation, EvaluationRequest, PaidReply, Status
from coach.storage import keys, rows
from coach.storage.attempts import Attempts, attempt_of, evaluation_item
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table
from coach.storage.limits import Allowance, Limits
from coach.storage.sessions import THERE, is_there

REEVALUATION_LOST_AFTER = timedelta(days=2)
"""Longer than for a pending attempt: what waits to be replaced has its evaluation, and nobody misses another one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether a request has started a new round, and how many more evaluations may be asked for today."""

    new: bool
    remaining: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to evaluate one attempt: the attempt as it stands, and the token that the right is held by.

    `tries` counts the leases taken for this round, this one included; `unusable` the replies that made no sense.
    """

    attempt: Attempt
    token: str
    tries: int
    unusable: int


@dataclass(frozen=True, slots=True)
class Held:
    """Another worker evaluates the attempt, and has the right to until `until` (epoch seconds)."""

    until: int


class Evaluations:
    def __init__(self, table: Table, attempts: Attempts, limits: Limits) -> None:
        self._table = table
        self._attempts = attempts
        self._limits = limits

    def request(self, user_id: str, session_id: str, attempt_id: int, allowance: Allowance | None) -> Asked:
        """Have an attempt evaluated that has failed, or that is pending and was lost: a new round, counted on the day.

        One that is pending otherwise is on its way already. `allowance` None counts nothing: the operator asks. Raises
        NotFound, Conflict when the attempt is evaluated, and QuotaUsedUp or BudgetUsedUp.
        """
        attempt_key = keys.attempt(user_id, session_id, attempt_id)
        session_key = keys.session(user_id, session_id)
        count = self._limits.daily_count(user_id, allowance) if allowance else None
        deadline = self._table.deadline()
        token = uuid4().hex
        while True:
            wanted = [attempt_key, session_key, *(count.keys if count else [])]
            item, session, *counted = self._table.get_all(wanted)
            if not item or not is_there(session):
                raise NotFound("Attempt not found")
            if item["status"] == Status.EVALUATED:
                raise Conflict("The attempt is evaluated already")
            if count:
                count.see(*counted)
            now = int(self._table.now())
            at_work = item.get("lease_until", 0) > now
            if item["status"] == Status.PENDING and (at_work or not attempt_of(item).is_lost(self._table.moment)):
                return Asked(new=False, remaining=count.remaining if count else 0)
            actions = [
                self._table.change(
                    attempt_key,
                    # `asked` tells the stream of an attempt that was pending before as well.
                    "SET #status = :pending, #row = :row, asked_at = :asked_at, asked = :again, asked_by = :token, "
                    "tries = :none, unusable = :none "
                    "ADD round :one REMOVE failure, lease, lease_until",
                    "#status = :before AND round = :round AND (attribute_not_exists(lease) OR lease_until <= :now)",
                    {
                        ":pending": Status.PENDING,
                        ":row": rows.of(replace(attempt_of(item), status=Status.PENDING)),
                        ":before": item["status"],
                        ":round": item["round"],
                        ":asked_at": keys.text_of(self._table.moment),
                        ":again": "again",
                        ":token": token,
                        ":now": now,
                        ":none": 0,
                        ":one": 1,
                    },
                ),
                *(count.actions() if count else []),
            ]
            if item["status"] == Status.FAILED:
                actions.append(self._table.change(session_key, "ADD failed_count :minus", THERE, {":minus": -1}))
            try:
                self._table.transact(*actions)
            except ConditionsFailed as failed:
                if (failed.found[0] or {}).get("asked_by") != token:
                    # Another request or a worker was faster: decide again by what it left.
                    self._table.pause(deadline, "The attempt is being changed by other requests; try again")
                    continue
            return Asked(new=True, remaining=count.remaining - 1 if count else 0)

    def request_reevaluation(self, attempt: Attempt) -> bool:
        """Have an evaluated attempt evaluated once more; what it has stands until then.

        True when that is under way, whoever asked for it; False when the attempt has changed since it was read. If it
        was under way when it was read, it is asked for anew only if it has been lost.
        """
        now = self._table.moment
        values = {
            ":now": keys.text_of(now),
            ":again": "again",
            ":none": 0,
            ":one": 1,
            ":evaluated": Status.EVALUATED,
            ":round": attempt.round,
        }
        if attempt.reevaluating:
            free, values[":lost"] = "reevaluating < :lost", keys.text_of(now - REEVALUATION_LOST_AFTER)
        else:
            free = "attribute_not_exists(reevaluating)"
        try:
            self._table.update(
                keys.attempt(attempt.user_id, attempt.session_id, attempt.id),
                "SET reevaluating = :now, asked = :again, tries = :none, unusable = :none, "
                "evaluation_round = if_not_exists(evaluation_round, round) ADD round :one "
                "REMOVE reevaluation_failure",
                f"#status = :evaluated AND round = :round AND {free}",
                values,
            )
        except ConditionsFailed as failed:
            return "reevaluating" in (failed.found[0] or {})
        return True

    def take_lease(self, request: EvaluationRequest, *, seconds: int) -> Lease | Held | None:
        """Take the lease of an attempt for `seconds`, and count the try.

        Held when another worker has it; None when there is nothing to do: the attempt is settled, asked for anew since
        (another round) or gone.
        """
        identity, values = ("", {})
        if request.created_at:
            identity, values = " AND created_at = :created_at", {":created_at": keys.text_of(request.created_at)}
        token = uuid4().hex
        now = int(self._table.now())
        try:
            item = self._table.update(
                keys.attempt(request.user_id, request.session_id, request.attempt_id),
                "SET lease = :token, lease_until = :until ADD tries :one REMOVE asked",
                "(#status = :pending OR attribute_exists(reevaluating)) AND round = :round "
                f"AND (attribute_not_exists(lease) OR lease_until <= :now){identity}",
                values
                | {
                    ":token": token,
                    ":until": now + seconds,
                    ":one": 1,
                    ":pending": Status.PENDING,
                    ":round": request.round,
                    ":now": now,
                },
            )
        except ConditionsFailed as failed:
            item = failed.found[0] or {}
            open_ = item.get("status") == Status.PENDING or "reevaluating" in item
            if not open_ or not request.means(attempt_of(item)):
                return None
            if item["lease"] != token:
                return Held(item["lease_until"])
        return Lease(attempt_of(item), token, item["tries"], item.get("unusable", 0))

    def release_lease(self, lease: Lease, *, unusable: bool = False, tried: bool = True) -> None:
        """Give a lease back, so that the next delivery can have it at once; count an unusable reply, and take the try
        back when the model was not to be asked."""
        attempt = lease.attempt
        try:
            self._table.update(
                keys.attempt(attempt.user_id, attempt.session_id, attempt.id),
                "REMOVE lease, lease_until ADD unusable :unusable, tries :untried",
                "lease = :token",
                {":token": lease.token, ":unusable": int(unusable), ":untried": 0 if tried else -1},
            )
        except ConditionsFailed:
            return  # It has run out and is somebody else's, or the attempt is settled.

    def record_reply(self, lease: Lease, reply: PaidReply, outcome: str) -> None:
        """Keep what a try has cost, whatever comes of the evaluation; not for an attempt that is gone."""
        place = keys.reply(lease.attempt, lease.tries)
        attempt = lease.attempt
        self._table.applied(
            self._table.check(
                keys.attempt(attempt.user_id, attempt.session_id, attempt.id),
                "created_at = :created_at",
                {":created_at": keys.text_of(attempt.created_at)},
            ),
            self._table.put(place | asdict(reply) | {"outcome": outcome}),
        )

    def record(self, attempt: Attempt, evaluation: Evaluation) -> bool:
        """Write an evaluation and count it on the session, once: False when the attempt was settled before.

        `attempt` is what the lease was taken of. An evaluation that is replaced is kept in an item of its own, and the
        session's sum changes by the difference. A follow-up is in no sum.
        """
        former = attempt.evaluation if attempt.reevaluating else None
        difference = evaluation.overall - (former.overall if former else 0)
        counts = {":one": 0 if former else 1}
        if attempt.follow_up_to is None:
            counting, counts[":score"] = "ADD scored_count :one, score_sum :score", difference
        else:
            counting = "ADD follow_ups_scored_count :one"
        actions = [
            self._close_round(
                attempt,
                "SET #status = :status, #row = :row, evaluation = :evaluation, evaluation_round = :round",
                {
                    ":status": Status.EVALUATED,
                    ":row": rows.of(replace(attempt, status=Status.EVALUATED, evaluation=evaluation)),
                    ":evaluation": evaluation_item(evaluation),
                },
            ),
            self._table.change(
                keys.session(attempt.user_id, attempt.session_id),
                counting,
                "attribute_exists(pk)",
                counts,
            ),
        ]
        if former:
            kept = {"session_id": attempt.session_id, "attempt_id": attempt.id, "round": attempt.evaluation_round}
            place = keys.replaced_evaluation(attempt)
            actions.append(self._table.put(place | kept | {"evaluation": evaluation_item(former)}))
        return self._table.applied(*actions)

    def fail(self, attempt: Attempt, failure: str) -> bool:
        """Mark an attempt failed, for a reason in a candidate's words, and count it on the session, once.

        An attempt that has an evaluation from before keeps it, and the reason is noted beside it.
        """
        if attempt.reevaluating:
            noted = self._close_round(attempt, "SET reevaluation_failure = :failure", {":failure": failure})
            return self._table.applied(noted)
        return self._table.applied(
            self._close_round(
                attempt,
                "SET #status = :status, #row = :row, failure = :failure",
                {
                    ":status": Status.FAILED,
                    ":row": rows.of(replace(attempt, status=Status.FAILED)),
                    ":failure": failure,
                },
            ),
            self._table.change(
                keys.session(attempt.user_id, attempt.session_id),
                "ADD failed_count :one",
                "attribute_exists(pk)",
                {":one": 1},
            ),
        )

    def give_up(self, request: EvaluationRequest, failure: str) -> bool:
        """As `fail`, for an attempt that no worker will take again; False when it was settled meanwhile or is gone."""
        try:
            attempt = self._attempts.stored(request.user_id, request.session_id, request.attempt_id)
        except NotFound:
            return False
        return request.means(attempt) and self.fail(attempt, failure)

    def _close_round(self, attempt: Attempt, update: str, values: Item) -> Action:
        """Bring an attempt's round to its end, if it is the round that was worked on and has not ended before. Not that
        of another attempt, which a new session with the same id may have under the same number."""
        if attempt.reevaluating:
            is_open, status = "attribute_exists(reevaluating) AND #status = :before", Status.EVALUATED
        else:
            is_open, status = "#status = :before", Status.PENDING
        return self._table.change(
            keys.attempt(attempt.user_id, attempt.session_id, attempt.id),
            f"{update} REMOVE lease, lease_until, reevaluating, asked",
            f"{is_open} AND round = :round AND created_at = :created_at",
            values | {":before": status, ":round": attempt.round, ":created_at": keys.text_of(attempt.created_at)},
        )
