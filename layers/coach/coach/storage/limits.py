"""How much may be asked for: what users and the whole deployment may ask for in a day (UTC), how many passwords may be
tried, and the breaker."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import ceil
from uuid import uuid4

from coach.errors import BudgetUsedUp, QuotaUsedUp, TooManyRequests
from coach.storage import keys
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table

COUNTS_KEPT_DAYS = 2
WRONG_PASSWORDS = 8
WRONG_PASSWORDS_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many evaluations a day may be asked for by one user, and by all together (0: any number)."""

    user: int
    deployment: int = 0


class DailyCount:
    """What a user's day has counted, and the actions that count one more.

    The user's count is exact: its action demands what was read. The deployment's only demands that it is below the
    budget, since everybody writes it.
    """

    def __init__(self, table: Table, user_id: str, allowance: Allowance) -> None:
        self._table = table
        self._allowance = allowance
        self._now = table.moment
        self._quota = keys.quota(user_id, self._now)
        self._budget = keys.budget(self._now)
        self._by_user = self._by_all = 0

    @property
    def keys(self) -> list[Item]:
        """Of the items that are counted on."""
        return [self._quota, self._budget] if self._allowance.deployment else [self._quota]

    @property
    def remaining(self) -> int:
        """How many more may be asked for: the smaller of what is left of both."""
        left = self._allowance.user - self._by_user
        if self._allowance.deployment:
            left = min(left, self._allowance.deployment - self._by_all)
        return max(left, 0)

    def see(self, quota: Item | None, budget: Item | None = None) -> None:
        """Take note of the items as they are, {} for one that is not there; None tells nothing."""
        if quota is not None:
            self._by_user = quota.get("attempts", 0)
        if budget is not None:
            self._by_all = budget.get("evaluations", 0)

    def actions(self) -> list[Action]:
        """In the order of `keys`. Raises QuotaUsedUp or BudgetUsedUp."""
        limit, budget = self._allowance.user, self._allowance.deployment
        if self._by_user >= limit:
            raise QuotaUsedUp(f"The limit of {limit} evaluations a day is reached", self._until_tomorrow)
        if budget and self._by_all >= budget:
            raise BudgetUsedUp("The limit of evaluations a day for everybody is reached", self._until_tomorrow)
        expires = {":one": 1, ":expires": int((self._now + timedelta(days=COUNTS_KEPT_DAYS)).timestamp())}
        by_user = self._table.change(
            self._quota,
            "ADD attempts :one SET expires_at = :expires",
            "attempts = :before" if self._by_user else "attribute_not_exists(attempts)",
            expires | ({":before": self._by_user} if self._by_user else {}),
        )
        by_all = self._table.change(
            self._budget,
            "ADD evaluations :one SET expires_at = :expires",
            "attribute_not_exists(evaluations) OR evaluations < :budget",
            expires | {":budget": budget},
        )
        return [by_user, by_all] if budget else [by_user]

    @property
    def _until_tomorrow(self) -> int:
        tomorrow = datetime.combine(self._now.date() + timedelta(days=1), time(), UTC)
        return int((tomorrow - self._now).total_seconds()) + 1


class PasswordTries:
    """The wrong passwords for one account from one network address. After the eighth within 15 minutes there are no
    more tries for 15 minutes.

    A password is checked between `demand` and `record`. Many may be checked at once, but only whom `record` lets may be
    told the outcome, and it counts exactly.
    """

    def __init__(self, table: Table, email: str, source_ip: str) -> None:
        self._table = table
        self._key = keys.login(email, source_ip)
        self._item: Item = {}

    def demand(self) -> None:
        """Raises TooManyRequests when no password may be tried."""
        self._item = self._table.get(self._key)
        self._counted(self._item)

    def record(self, *, wrong: bool) -> None:
        """Count a password if it was wrong. Raises TooManyRequests when others have used up the tries meanwhile.

        For a right password the same calls are made, so that the time of a 429 does not tell which it was.
        """
        token = uuid4().hex
        item = self._item
        while token not in item.get("wrong", {}):  # a lost reply: the write is sent again, and its condition fails
            counted = self._counted(item)
            now = self._table.moment
            values = {
                ":wrong": counted | ({token: keys.at_of(now)} if wrong else {}),
                ":expires": int((now + WRONG_PASSWORDS_WITHIN).timestamp()) + 1,
            }
            try:
                self._table.update(
                    self._key,
                    "SET wrong = :wrong, expires_at = :expires",
                    "wrong = :before" if item else "attribute_not_exists(pk)",
                    values | ({":before": item["wrong"]} if item else {}),
                )
            except ConditionsFailed as failed:  # a few times at most: each time others have used up a try
                item = failed.found[0] or {}
            else:
                return

    def _counted(self, item: Item) -> Item:
        """The wrong passwords that still count, each with its time. Raises TooManyRequests."""
        now = self._table.moment
        wrong: Item = item.get("wrong", {})
        if len(wrong) >= WRONG_PASSWORDS:
            left = keys.time_at(max(wrong.values())) + WRONG_PASSWORDS_WITHIN - now
            if left > timedelta():
                raise TooManyRequests("Too many wrong passwords; try again later", ceil(left.total_seconds()))
        return {token: at for token, at in wrong.items() if now - keys.time_at(at) < WRONG_PASSWORDS_WITHIN}


class Limits:
    def __init__(self, table: Table) -> None:
        self._table = table

    def demand_another(self, user_id: str, allowance: Allowance) -> None:
        """Raises QuotaUsedUp or BudgetUsedUp when the day allows no more, as far as can be told before it counts."""
        count = self.daily_count(user_id, allowance)
        count.see(*self._table.get_all(count.keys))
        count.actions()

    def daily_count(self, user_id: str, allowance: Allowance) -> DailyCount:
        return DailyCount(self._table, user_id, allowance)

    def password_tries(self, email: str, source_ip: str) -> PasswordTries:
        return PasswordTries(self._table, email, source_ip)

    def breaker(self) -> int:
        """Until when (epoch seconds) the model must not be called; 0 for a breaker that nobody has tripped.

        When the time is over, whoever takes the probe may call.
        """
        until: int = self._table.get(keys.BREAKER).get("until", 0)
        return until

    def trip_breaker(self, until: int) -> None:
        """No calls to the model until then (epoch seconds)."""
        self._table.overwrite(keys.BREAKER | {"until": until})

    def take_probe(self, until: int, *, seconds: int) -> bool:
        """Whether the caller is the one to find out if the model can be called again, for so many seconds.

        `until` is the breaker's, as it was read.
        """
        token = uuid4().hex
        try:
            self._table.update(
                keys.BREAKER,
                "SET #until = :next, prober = :token",
                "#until = :before",
                {":next": int(self._table.now()) + seconds, ":before": until, ":token": token},
            )
        except ConditionsFailed as failed:
            return (failed.found[0] or {}).get("prober") == token
        return True

    def reset_breaker(self) -> None:
        self._table.delete(keys.BREAKER)
