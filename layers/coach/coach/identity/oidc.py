"""Access tokens of another issuer: the OpenID Connect provider that the template names, if it names one.

Which issuer, audience, algorithms and lifetime count is said here and in the settings, which key it is by the issuer's
own documents; a token only says which of these keys. An issuer that does not answer keeps nobody out whose key is
known, and no request waits for one longer than PATIENCE.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener
from uuid import NAMESPACE_URL, uuid5

import jwt
from aws_lambda_powertools import Logger

from coach.errors import Busy, Unauthorized
from coach.identity.tokens import LEEWAY

LIFETIME = timedelta(hours=24)
"""The longest that a token may be good for."""
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Those with a public key."""
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What the header of an access token may call it (RFC 9068)."""
SUBJECT_MAX_CHARS = 255

FRESH = timedelta(minutes=15)
"""For how long keys are used without asking for them again, so that a withdrawn one is soon known."""
KEPT = timedelta(hours=12)
"""For how long they are used while the issuer does not answer."""
ASKED_EVERY = timedelta(seconds=30)
"""How often the issuer is asked at most, whatever callers send and whether it answers or not."""
PATIENCE = timedelta(seconds=3)
DOCUMENT_MAX_BYTES = 1_000_000

logger = Logger()


class Issuer:
    """Tells whose a token is. `url` is the issuer's name as its tokens have it, `audience` what they are for."""

    def __init__(self, url: str, audience: str, now: Callable[[], float] = time.time) -> None:
        self._url = url
        self._audience = audience
        self._keys = _Keys(url, now)

    def is_named_in(self, token: str) -> bool:
        """Whether a token says that it is this issuer's. Nothing about it is verified."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.InvalidTokenError, ValueError):
            return False
        return claims.get("iss") == self._url

    def user_id(self, token: str) -> str:
        """The user that a token was made for: always the same for one subject of the issuer, and never anybody else's.

        Raises Unauthorized, with the same text as for our own tokens, and Busy where the issuer has to be asked and
        does not answer.
        """
        try:
            header = jwt.get_unverified_header(token)
            if "crit" in header or str(header.get("typ", "JWT")).lower() not in TYPES:
                raise Unauthorized
            key = self._keys.get(header["kid"])
            if key is None:
                raise Unauthorized
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._url,
                leeway=LEEWAY,
                options={
                    "require": ["exp", "iat", "sub", "iss"],
                    "verify_aud": False,  # `_is_for_us` does it
                    "enforce_minimum_key_length": True,
                },
            )
            if not (self._is_for_us(claims) and _is_access(claims)):
                raise Unauthorized
            return str(uuid5(uuid5(NAMESPACE_URL, self._url), claims["sub"]))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise Unauthorized from None

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        """Cognito's access tokens have no audience, and name the client that they were made for instead."""
        if "aud" in claims:
            audience = claims["aud"]
            return self._audience in (audience if isinstance(audience, list) else [audience])
        return claims.get("token_use") == "access" and claims.get("client_id") == self._audience


def _is_access(claims: dict[str, Any]) -> bool:
    """Whether it is an access token that whoever has it may use, and for no longer than a day.

    An ID token tells an application who somebody is, and opens nothing: Cognito marks it by `token_use`, Keycloak
    by `typ`, others by the hash of the token or code that it came with. With `cnf` a token asks for a proof that its
    bearer holds a key, which nobody takes here.
    """
    return (
        # No leeway here: both times are of one clock.
        0 < claims["exp"] - claims["iat"] <= LIFETIME.total_seconds()
        and 0 < len(claims["sub"]) <= SUBJECT_MAX_CHARS
        and claims.get("token_use", "access") == "access"
        and claims.get("typ", "Bearer") == "Bearer"
        and not {"at_hash", "c_hash", "cnf"} & claims.keys()
    )


class _Keys:
    """The issuer's public keys by `kid`, as they were when it last answered."""

    def __init__(self, issuer: str, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._now = now
        self._found: dict[str, jwt.PyJWK] = {}
        self._found_at = self._asked_at = float("-inf")
        self._asking = Thread()
        self._lock = Lock()

    def get(self, kid: str) -> jwt.PyJWK | None:
        """A key, None where the issuer has no such one. Raises Busy where it does not say."""
        with self._lock:
            if kid not in self._found or not self._are_younger_than(FRESH):
                self._ask()
            key = self._found.get(kid) if self._are_younger_than(KEPT) else None
            if key is None and self._found_at < self._asked_at:
                raise Busy("Who issued your token does not answer; try again in a moment")
            return key

    def _are_younger_than(self, age: timedelta) -> bool:
        return self._now() - self._found_at < age.total_seconds()

    def _ask(self) -> None:
        """Have the keys fetched, unless that was tried a moment ago or goes on.

        In a thread, since no timeout covers all that can hang: looking a name up, or an answer that drips.
        """
        if self._now() - self._asked_at < ASKED_EVERY.total_seconds() or self._asking.is_alive():
            return
        self._asked_at = self._now()
        self._asking = Thread(target=self._fetch, daemon=True)
        self._asking.start()
        self._asking.join(PATIENCE.total_seconds())

    def _fetch(self) -> None:
        try:
            found = _published(self._issuer)
        except (OSError, HTTPException, RecursionError, ValueError) as error:
            logger.warning("The issuer's keys cannot be had", extra={"issuer": self._issuer, "problem": str(error)})
        else:
            self._found, self._found_at = found, self._now()


def _published(issuer: str) -> dict[str, jwt.PyJWK]:
    """The keys that an issuer signs with now. Raises OSError, HTTPException, RecursionError and ValueError."""
    configuration = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if configuration.get("issuer") != issuer:
        raise ValueError("its configuration names another issuer")
    address = str(configuration.get("jwks_uri"))
    if urlsplit(address).scheme not in {"https", urlsplit(issuer).scheme}:
        raise ValueError("its keys are at no address of https")
    published = _document(address).get("keys")
    keys = [key for key in map(_key, published if isinstance(published, list) else []) if key and key.key_id]
    if not keys:
        raise ValueError("it has no keys that could be used")
    return {str(key.key_id): key for key in keys}


def _key(published: Any) -> jwt.PyJWK | None:
    """A key that signs tokens, None for others, such as those that are made for encryption, or are secrets."""
    with suppress(jwt.PyJWTError, AttributeError, KeyError, TypeError, ValueError):
        key = jwt.PyJWK(published)
        if key.algorithm_name in ALGORITHMS and key.public_key_use in ("sig", None):
            return key
    return None


class _NoRedirects(HTTPRedirectHandler):
    """An issuer's documents are where it says; a redirect could lead away from https."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


def _document(address: str) -> dict[str, Any]:
    with _opener.open(address, timeout=PATIENCE.total_seconds()) as response:
        content = response.read(DOCUMENT_MAX_BYTES + 1)
    document = json.loads(content) if len(content) <= DOCUMENT_MAX_BYTES else None
    if not isinstance(document, dict):
        raise ValueError(f"{address} is no JSON object of at most {DOCUMENT_MAX_BYTES:,} bytes")
    return document
