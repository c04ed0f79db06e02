"""Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037).

One function holds the private key and signs; every function verifies with public keys from its environment. A key has
a `kid`, so that a second public key can be accepted while the first is being replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coach.errors import Unauthorized

LIFETIME = timedelta(hours=12)
LEEWAY = timedelta(seconds=10)
"""By how much the clocks of who signs and who verifies may differ."""
ALGORITHM = "EdDSA"
ISSUER = "pm-interview-coach"
AUDIENCE = "pm-interview-coach-api"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half of a key pair, and the id that its public half is known by."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def made(cls, seed: bytes) -> "SigningKey":
        """The pair that 32 random bytes stand for. The id is derived from the public key."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(kid=_public_hex(private)[:16], private=private)

    @property
    def public_hex(self) -> str:
        """The public key's 32 bytes as 64 hexadecimal digits."""
        return _public_hex(self.private)

    def sign(self, user_id: str, now: datetime) -> str:
        """A token for a user, valid from `now` for LIFETIME."""
        claims = {
            "sub": user_id,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        return jwt.encode(claims, self.private, algorithm=ALGORITHM, headers={"kid": self.kid})


class Verifier:
    """Tells whose a token is. `public_keys`: hexadecimal public keys by `kid`."""

    def __init__(self, public_keys: Mapping[str, str]) -> None:
        self._keys = {kid: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for kid, key in public_keys.items()}

    def user_id(self, token: str) -> str:
        """The user that a token was made for. Raises Unauthorized, always with the same text.

        PyJWT checks what is there; what has to be there, for how long it may hold and which algorithm and key count is
        said here, and never by the token.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys[header["kid"]]
            if "crit" in header:
                raise Unauthorized
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "iss", "aud"], "strict_aud": True},
            )
            # No leeway here: both times are of one clock.
            if not 0 < claims["exp"] - claims["iat"] <= LIFETIME.total_seconds():
                raise Unauthorized
            return str(UUID(claims["sub"]))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise Unauthorized from None


def _public_hex(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
