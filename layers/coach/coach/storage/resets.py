"""Links for a new password: who has asked for one, and the newest one of each account.

Whoever asks only writes down that they have, for known addresses and unknown ones alike. The table's stream has the
link made and mailed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from coach.storage import keys
from coach.storage.accounts import Accounts, is_open
from coach.storage.dynamo import ConditionsFailed, Item, Table

LIFETIME = timedelta(minutes=30)
ASKED_AT_MOST = 3
ASKED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A link that was asked for and is not mailed yet. `origin` is the API's address as the asker knows it."""

    email: str
    origin: str
    at: datetime
    key: Item
    asking: str


class Resets:
    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def ask(self, email: str, origin: str) -> None:
        """Have a link mailed to an address, if it has an account; but for the fourth time within an hour."""
        key, asking = keys.forgot(email), uuid4().hex
        item = self._table.get(key)
        while asking not in item.get("asked", {}):  # a lost reply: the write is sent again, and its condition fails
            now = self._table.moment
            asked = {each: at for each, at in item.get("asked", {}).items() if now - keys.time_at(at) < ASKED_WITHIN}
            if len(asked) >= ASKED_AT_MOST:
                return
            values = {
                ":asked": asked | {asking: keys.at_of(now)},
                ":asking": asking,
                ":email": email,
                ":origin": origin,
                ":expires": int((now + ASKED_WITHIN).timestamp()) + 1,
            }
            try:
                self._table.update(
                    key,
                    "SET asked = :asked, asking = :asking, email = :email, origin = :origin, expires_at = :expires",
                    "asked = :before" if item else "attribute_not_exists(pk)",
                    values | ({":before": item["asked"]} if item else {}),
                )
            except ConditionsFailed as failed:  # somebody else has asked at the same moment
                item = failed.found[0] or {}
            else:
                return

    def asked(self, pk: str, asking: str) -> Asked | None:
        """What is to be mailed; None when it was mailed, or was asked for again, which is mailed then."""
        key = {"pk": pk, "sk": "FORGOT"}
        item = self._table.get(key)
        if item.get("asking") != asking:
            return None
        return Asked(item["email"], item["origin"], keys.time_at(item["asked"][asking]), key, asking)

    def is_late(self, asked: Asked) -> bool:
        """Whether nobody waits for it any more."""
        return self._table.moment - asked.at > LIFETIME

    def close(self, asked: Asked) -> None:
        """Nothing is left to mail. The address is forgotten; it need not be anybody's."""
        self._table.applied(
            self._table.change(asked.key, "REMOVE asking, email, origin", "asking = :asking", {":asking": asked.asking})
        )

    def make(self, user_id: str, digest: str) -> bool:
        """Let a link count for LIFETIME, in the place of the one before; False for an account that is gone."""
        expires_at = int((self._table.moment + LIFETIME).timestamp())
        item = keys.reset(user_id) | {"digest": digest, "expires_at": expires_at}
        return self._table.applied(self._accounts.living(user_id), self._table.put(item))

    def email(self, user_id: str, digest: str) -> str | None:
        """The address whose password a link may replace; None for one that was used, replaced or is too old."""
        item, profile = self._table.get_all([keys.reset(user_id), keys.profile(user_id)])
        if item.get("digest") != digest or not self._now < item["expires_at"] or not is_open(profile):
            return None
        return str(profile["email"])

    def use(self, user_id: str, digest: str, email: str, password_hash: str) -> bool:
        """Replace the password's hash and end all browsers' sessions, once; whether the link was still good."""
        link = self._table.removal(
            keys.reset(user_id), "digest = :digest AND expires_at > :now", {":digest": digest, ":now": self._now}
        )
        try:
            self._table.transact(link, *self._accounts.new_password(user_id, email, password_hash))
        except ConditionsFailed as failed:
            return (failed.found[1] or {}).get("password_hash") == password_hash  # a lost reply, sent again
        return True

    @property
    def _now(self) -> int:
        return int(self._table.now())
