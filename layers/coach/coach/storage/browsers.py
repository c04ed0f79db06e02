"""Browsers' sessions: one item each, known by the digest of its cookie's secret.

A session is tied to the password that it began with: it counts while the profile's `password_id` is still that of the
item. So a new password ends all sessions in the transaction that sets it, and a sign-in that was under way with the old
one begins none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from coach.model import User
from coach.storage import keys
from coach.storage.accounts import Accounts, Credentials, is_open, password_id, user_of
from coach.storage.dynamo import Action, ConditionsFailed, Table

LIFETIME = timedelta(days=30)
"""How long a session lasts after its last use."""
RENEWED_AFTER = timedelta(days=1)
"""A use writes only when the last one that did is as long ago."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A session, and whose it is."""

    user: User
    digest: str
    expires_at: datetime


class Browsers:
    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def sign_in(self, owner: Credentials, digest: str) -> bool:
        """Begin a session for who has given the owner's password; False when that has been changed meanwhile, or the
        account is gone or inactive."""
        session = keys.browser(owner.user_id, digest) | {
            "password_id": password_id(owner.password_hash),
            "signed_in_at": keys.text_of(self._table.moment),
            "expires_at": self._expiry,
        }
        try:
            self._table.transact(
                *self._accounts.signing_in(owner), self._table.put(session, "attribute_not_exists(pk)")
            )
        except ConditionsFailed as failed:
            return bool(failed.found[-1])  # a lost reply: the write is sent again, and finds what it has put
        return True

    def find(self, user_id: str, digest: str) -> Browser | None:
        """A session that has neither ended nor expired: TTL deletes hours late."""
        item, profile = self._table.get_all([keys.browser(user_id, digest), keys.profile(user_id)])
        if not item or not is_open(profile) or item["password_id"] != profile.get("password_id"):
            return None
        browser = Browser(user_of(profile), digest, keys.time_at(item["expires_at"] * 10**6))
        return browser if browser.expires_at > self._table.moment else None

    def renew(self, browser: Browser) -> bool:
        """Prolong a session that is in use, unless that was done lately. Whether it was done now."""
        if browser.expires_at - self._table.moment > LIFETIME - RENEWED_AFTER:
            return False
        key = keys.browser(browser.user.id, browser.digest)
        return self._table.applied(
            self._table.change(key, "SET expires_at = :then", "attribute_exists(pk)", {":then": self._expiry})
        )

    def kept(self, user_id: str, digest: str, before: str, after: str) -> Action:
        """The action that lets a session go on when the password's hash is replaced."""
        values = {":before": password_id(before), ":after": password_id(after)}
        key = keys.browser(user_id, digest)
        return self._table.change(key, "SET password_id = :after", "password_id = :before", values)

    def end(self, user_id: str, digest: str) -> None:
        """It may have ended already."""
        self._table.delete(keys.browser(user_id, digest))

    def end_all(self, user_id: str) -> None:
        """End a user's sessions in all browsers."""
        query = {"KeyConditionExpression": "pk = :pk AND begins_with(sk, :browser)", "ProjectionExpression": "pk, sk"}
        for item in self._table.query(query, {":pk": keys.user(user_id), ":browser": "BROWSER#"}):
            self._table.delete(item)

    @property
    def _expiry(self) -> int:
        return int((self._table.moment + LIFETIME).timestamp())
