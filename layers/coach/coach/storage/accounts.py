"""Accounts: a profile in the user's partition, and who owns which e-mail address."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from coach.errors import Conflict, Unauthorized
from coach.model import User
from coach.storage import keys
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an e-mail address leads to."""

    user_id: str
    password_hash: str


class Standing(StrEnum):
    """How it is with an account. DELETED: its deletion has begun, or nobody may use it; in the end it is ABSENT."""

    LIVING = "living"
    DELETED = "deleted"
    ABSENT = "absent"


class Accounts:
    def __init__(self, table: Table) -> None:
        self._table = table

    def register(self, user: User, password_hash: str) -> None:
        """Store a new account. Raises Conflict when the address is taken."""
        address = {"user_id": user.id, "password_hash": password_hash}
        try:
            self._table.transact(
                self._table.put(keys.email(user.email) | address, "attribute_not_exists(pk)"),
                self._table.put(keys.profile(user.id) | _item(user), "attribute_not_exists(pk)"),
            )
        except ConditionsFailed as failed:
            owner = failed.found[0]
            if not owner or owner["user_id"] != user.id:
                raise Conflict("This e-mail address is already registered") from None

    def credentials(self, email: str) -> Credentials | None:
        """Who owns an address, or None."""
        item = self._table.get(keys.email(email))
        return Credentials(item["user_id"], item["password_hash"]) if item else None

    def change_password(self, email: str, *, before: str, after: str) -> None:
        """Replace the password's hash, if it is still that from before. Raises Conflict."""
        try:
            self._table.update(
                keys.email(email),
                "SET password_hash = :after",
                "password_hash = :before",
                {":before": before, ":after": after},
            )
        except ConditionsFailed as failed:
            if (failed.found[0] or {}).get("password_hash") != after:
                raise Conflict("The password has been changed meanwhile") from None

    def record_sign_in(self, user_id: str) -> User | None:
        """Note that the user has signed in now, and return them; None when the account is gone or inactive."""
        try:
            item = self._table.update(
                keys.profile(user_id),
                "SET last_login = :now",
                "attribute_exists(pk) AND is_active = :yes",
                {":now": keys.text_of(self._table.moment), ":yes": True},
            )
        except ConditionsFailed:
            return None
        return _user(item)

    def living(self, user_id: str) -> Action:
        """The action that fails where there is no such account, or its deletion has begun: what makes something in the
        partition of a user demands it in its own transaction."""
        return self._table.check(keys.profile(user_id), "attribute_exists(pk) AND attribute_not_exists(deletion)")

    def standing(self, user_id: str) -> Standing:
        return _standing(self._table.get(keys.profile(user_id)))

    def user(self, user_id: str) -> User:
        """Raises Unauthorized when there is no such account any more."""
        item = self._table.get(keys.profile(user_id))
        if _standing(item) is not Standing.LIVING:
            raise Unauthorized
        return _user(item)

    def delete(self, user_id: str) -> None:
        """Free the account's address and begin its deletion: from then on nobody signs in to it, and the sweep deletes
        what it owns. Raises Unauthorized when there is no such account any more."""
        email = self.user(user_id).email
        token = uuid4().hex
        actions = [
            self._table.change(
                keys.profile(user_id),
                "SET deletion = :token, is_active = :no REMOVE email, full_name",
                "attribute_exists(pk) AND attribute_not_exists(deletion)",
                {":token": token, ":no": False},
            )
        ]
        if (owner := self.credentials(email)) and owner.user_id == user_id:
            actions.append(self._table.removal(keys.email(email), "user_id = :user", {":user": user_id}))
        try:
            self._table.transact(*actions)
        except ConditionsFailed as failed:
            if (failed.found[0] or {}).get("deletion") != token:
                raise Unauthorized from None


def _standing(profile: Item) -> Standing:
    if not profile:
        return Standing.ABSENT
    return Standing.LIVING if profile["is_active"] and "deletion" not in profile else Standing.DELETED


def _item(user: User) -> Item:
    return {
        "id": user.id,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
        "created_at": keys.text_of(user.created_at),
        "last_login": keys.text_of(user.last_login) if user.last_login else None,
    }


def _user(item: Item) -> User:
    return User(
        id=item["id"],
        email=item["email"],
        full_name=item.get("full_name"),
        is_active=item["is_active"],
        created_at=datetime.fromisoformat(item["created_at"]),
        last_login=keys.time_of(item.get("last_login")),
    )
