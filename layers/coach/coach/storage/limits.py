"""How much may be asked for: a user's daily quota, and the breaker that stops all calls to the model."""

from datetime import timedelta

from coach.storage import keys
from coach.storage.dynamo import Action, Table

QUOTA_KEPT_DAYS = 2


class Limits:
    def __init__(self, table: Table) -> None:
        self._table = table

    def count_on_quota(self, user_id: str, daily_limit: int) -> Action:
        """The action that counts one more on the user's day (UTC), if the limit allows it."""
        today = self._table.moment
        return self._table.change(
            keys.quota(user_id, today),
            "ADD attempts :one SET expires_at = :expires",
            "attribute_not_exists(attempts) OR attempts < :limit",
            {
                ":one": 1,
                ":limit": daily_limit,
                ":expires": int((today + timedelta(days=QUOTA_KEPT_DAYS)).timestamp()),
            },
        )

    def breaker(self) -> int:
        """Until when (epoch seconds) the model must not be called; 0 when it may be."""
        until: int = self._table.get(keys.BREAKER).get("until", 0)
        return until if until > self._table.now() else 0

    def trip_breaker(self, until: int) -> None:
        """No calls to the model until then (epoch seconds)."""
        self._table.overwrite(keys.BREAKER | {"until": until, "expires_at": until})
