"""Accounts: a profile in the user's partition, and who owns which e-mail address."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import uuid4

from coach.errors import Conflict, Unauthorized
from coach.model import User
from coach.storage import keys
from coach.storage.dynamo import Action, ConditionsFailed, Item, Table

LIVING = "attribute_exists(pk) AND attribute_not_exists(deletion)"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an e-mail address leads to."""

    email: str
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
        """Store a new account, of a user with an e-mail address. Raises Conflict when the address is taken."""
        if user.email is None:
            raise ValueError("a password is asked for by an e-mail address")
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

    def guest(self, user_id: str) -> User:
        """The account of who comes with a token of another issuer, be it made yet or not.

        It has no e-mail address, so that it is nobody's who has one, and nobody can ask for its password. Raises
        Unauthorized while one before it is being deleted.
        """
        now = self._table.moment
        new = User(id=user_id, email=None, full_name=None, is_active=True, created_at=now, last_login=None)
        return _opened(self._table.get(keys.profile(user_id)) or _item(new))

    def join(self, user_id: str) -> User:
        """As `guest`, and made when they come for the first time."""
        guest = self.guest(user_id)
        try:
            self._table.put_if_new(keys.profile(user_id) | _item(guest))
        except ConditionsFailed as failed:
            return _opened(failed.found[0] or {})
        return guest

    def credentials(self, email: str) -> Credentials | None:
        """Who owns an address, or None."""
        item = self._table.get(keys.email(email))
        return Credentials(email, item["user_id"], item["password_hash"]) if item else None

    def change_password(self, owner: Credentials, after: str, keeping: Action | None = None) -> None:
        """Replace the password's hash, if it is still the owner's, and end the sessions of all browsers but the one
        that the action `keeping` is about. Raises Conflict."""
        actions = self.new_password(owner.user_id, owner.email, after, owner.password_hash)
        try:
            self._table.transact(*actions, *([keeping] if keeping else []))
        except ConditionsFailed as failed:
            address, profile, *_ = failed.found
            if address is None and profile is None:  # that browser has no session any more
                self.change_password(owner, after)
            elif (address or {}).get("password_hash") != after:
                raise Conflict("The password has been changed meanwhile") from None

    def new_password(self, user_id: str, email: str, after: str, before: str | None = None) -> list[Action]:
        """The actions that replace the password's hash, that of the address first, and end the sessions of all
        browsers at once, since they are tied to the password that they began with. `before`: the hash that it must be;
        without it, any other than `after`."""
        is_due = "password_hash = :before" if before else "password_hash <> :after"
        values = {":after": after, ":user": user_id} | ({":before": before} if before else {})
        address = self._table.change(
            keys.email(email), "SET password_hash = :after", f"user_id = :user AND {is_due}", values
        )
        profile = self._table.change(
            keys.profile(user_id), "SET password_id = :id", LIVING, {":id": password_id(after)}
        )
        return [address, profile]

    def signing_in(self, owner: Credentials) -> list[Action]:
        """The actions that note a sign-in, and fail where the owner's password is no longer the account's."""
        profile = self._table.change(
            keys.profile(owner.user_id),
            "SET last_login = :now, password_id = :id",
            f"{LIVING} AND is_active = :yes",
            {":now": keys.text_of(self._table.moment), ":id": password_id(owner.password_hash), ":yes": True},
        )
        same = {":user": owner.user_id, ":hash": owner.password_hash}
        address = self._table.check(keys.email(owner.email), "user_id = :user AND password_hash = :hash", same)
        return [profile, address]

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
        return user_of(item)

    def living(self, user_id: str) -> Action:
        """The action that fails where there is no such account, or its deletion has begun: what makes something in the
        partition of a user demands it in its own transaction."""
        return self._table.check(keys.profile(user_id), LIVING)

    def owner(self, email: str) -> User | None:
        """Who owns an address and has an account that is open, or None."""
        credentials = self.credentials(email)
        profile = self._table.get(keys.profile(credentials.user_id)) if credentials else {}
        return user_of(profile) if is_open(profile) else None

    def standing(self, user_id: str) -> Standing:
        profile = self._table.get(keys.profile(user_id))
        if not profile:
            return Standing.ABSENT
        return Standing.LIVING if is_open(profile) else Standing.DELETED

    def user(self, user_id: str) -> User:
        """Raises Unauthorized when there is no such account any more."""
        return _opened(self._table.get(keys.profile(user_id)))

    def delete(self, user_id: str) -> None:
        """Free the account's address and begin its deletion: from then on nobody signs in to it, and the sweep deletes
        what it owns. Raises Unauthorized when there is no such account any more."""
        email = self.user(user_id).email
        token = uuid4().hex
        actions = [
            self._table.change(
                keys.profile(user_id),
                "SET deletion = :token, is_active = :no REMOVE email, full_name",
                LIVING,
                {":token": token, ":no": False},
            )
        ]
        if email and (owner := self.credentials(email)) and owner.user_id == user_id:
            actions.append(self._table.removal(keys.email(email), "user_id = :user", {":user": user_id}))
        try:
            self._table.transact(*actions)
        except ConditionsFailed as failed:
            if (failed.found[0] or {}).get("deletion") != token:
                raise Unauthorized from None


def password_id(password_hash: str) -> str:
    """Tells one password of an account from the next, and nothing else: hashes have a random salt."""
    return sha256(password_hash.encode()).hexdigest()


def _opened(profile: Item) -> User:
    """Raises Unauthorized."""
    if not is_open(profile):
        raise Unauthorized
    return user_of(profile)


def is_open(profile: Item) -> bool:
    """Whether an account is there to be used: no deletion has begun, and nobody has closed it."""
    return bool(profile) and "deletion" not in profile and bool(profile["is_active"])


def _item(user: User) -> Item:
    return {
        "id": user.id,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
        "created_at": keys.text_of(user.created_at),
        "last_login": keys.text_of(user.last_login) if user.last_login else None,
    }


def user_of(item: Item) -> User:
    return User(
        id=item["id"],
        email=item.get("email"),
        full_name=item.get("full_name"),
        is_active=item["is_active"],
        created_at=datetime.fromisoformat(item["created_at"]),
        last_login=keys.time_of(item.get("last_login")),
    )
