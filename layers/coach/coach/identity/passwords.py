"""Passwords: what they are compared as, which are too common, and the hashes that are kept of them."""

from base64 import b64encode
from functools import cache
from pathlib import Path
from secrets import token_bytes
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import ARGON2_VERSION


def composed(password: str) -> str:
    """In NFKC: the same letters are the same password, however a keyboard composes them."""
    return normalize("NFKC", password)


def is_common(password: str) -> bool:
    return password.casefold() in _common()


@cache
def _common() -> frozenset[str]:
    """The commonest passwords that are long enough to be one; common_passwords.md tells where they are from."""
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines())


@cache
def hasher() -> PasswordHasher:
    """Argon2id with the library's parameters, the second recommended option of RFC 9106: 64 MiB, three passes."""
    return PasswordHasher()


def hashed(password: str) -> str:
    return hasher().hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether a hash is that of a password. None, for no account, takes as long as a hash does, and is never right."""
    try:
        hasher().verify(password_hash or nobodys_hash(), password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def nobodys_hash() -> str:
    """A hash of no password at all. Making it costs nothing, which hashing would."""
    salt, digest = (
        b64encode(token_bytes(size)).decode().rstrip("=") for size in (hasher().salt_len, hasher().hash_len)
    )
    costs = f"m={hasher().memory_cost},t={hasher().time_cost},p={hasher().parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"
