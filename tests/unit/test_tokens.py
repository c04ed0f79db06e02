"""Access tokens: whom a function takes a caller for, and how keys are rotated."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from coach import aws
from coach.aws import SecretParameter
from coach.errors import Unauthorized
from coach.identity.keys import KeyRing
from coach.identity.tokens import AUDIENCE, ISSUER, LIFETIME, SigningKey, Verifier
from tests.conftest import SEED, USER, token
from tests.unit.events import call

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = SigningKey.made(SEED)
STRANGER = SigningKey.made(bytes(32))


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a good token, but for what is changed; None leaves one out."""
    now = int(time.time())
    good = {"sub": USER, "iat": now, "exp": now + 3600, "iss": ISSUER, "aud": AUDIENCE}
    return {name: value for name, value in (good | changed).items() if value is not None}


def forged(key: SigningKey = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token signed by hand, so that it may say what no library would write; None leaves a header field out."""
    fields = {"alg": "EdDSA", "typ": "JWT", "kid": KEY.kid} | (header or {})
    head = {name: value for name, value in fields.items() if value is not None}
    signed = f"{_part(json.dumps(head).encode())}.{_part(json.dumps(claims(**changed)).encode())}"
    return f"{signed}.{_part(key.private.sign(signed.encode()))}"


def hmac_with_the_public_key() -> str:
    secret = KEY.private.public_key().public_bytes_raw()
    return jwt.encode(claims(), secret, algorithm="HS256", headers={"kid": KEY.kid})


def unsigned() -> str:
    return jwt.encode(claims(), "", algorithm="none", headers={"kid": KEY.kid})


def altered() -> str:
    """Somebody else's name under a good signature."""
    head, _, signature = token().split(".")
    return f"{head}.{_part(json.dumps(claims(sub=STRANGER.kid)).encode())}.{signature}"


def jwk(key: SigningKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _part(key.private.public_key().public_bytes_raw())}


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


NOW = int(time.time())
YEAR_9999 = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
EXPIRED = datetime.now(UTC) - LIFETIME - timedelta(seconds=12)
HUGE_KID = b'{"kid": ' + b"1" * 10_000 + b"}"

REFUSED: dict[str, Callable[[], str | None]] = {
    "no header": lambda: None,
    "empty": lambda: "",
    "no token": lambda: "Bearer",
    "blank token": lambda: "Bearer  ",
    "basic": lambda: "Basic YWRhOmNvcnJlY3QgaG9yc2U=",
    "the token alone": token,
    "another scheme": lambda: f"Token {token()}",
    "two tokens": lambda: f"Bearer {token()} {token()}",
    "garbage": lambda: "Bearer garbage",
    "not latin": lambda: "Bearer żółć.żółć.żółć",
    "half a surrogate pair": lambda: "Bearer \udc80.\udc80.\udc80",
    "dots": lambda: "Bearer ..",
    "too many dots": lambda: f"Bearer {token()}.x",
    "too few dots": lambda: f"Bearer {token().rpartition('.')[0]}",
    "no signature": lambda: f"Bearer {token().rpartition('.')[0]}.",
    "a huge token": lambda: f"Bearer {'a' * 1_000_000}",
    "a huge payload": lambda: f"Bearer {forged(STRANGER, more='x' * 1_000_000)}",
    "a header nested deep": lambda: f"Bearer {_part(b'[' * 200_000)}.e30.x",
    "a header with a huge number": lambda: f"Bearer {_part(HUGE_KID)}.e30.x",
    "a header that is a list": lambda: f"Bearer {_part(b'[]')}.e30.x",
    "expired": lambda: f"Bearer {token(now=EXPIRED)}",
    "expired just now": lambda: f"Bearer {forged(iat=NOW - 60, exp=NOW - 11)}",
    "not yet valid": lambda: f"Bearer {forged(nbf=NOW + 86_400)}",
    "issued in the future": lambda: f"Bearer {forged(iat=NOW + 86_400, exp=NOW + 90_000)}",
    "wrong signature": lambda: f"Bearer {forged(STRANGER)}",
    "altered": lambda: f"Bearer {altered()}",
    "alg none": lambda: f"Bearer {unsigned()}",
    "alg none, signed all the same": lambda: f"Bearer {forged(header={'alg': 'none'})}",
    "alg of another family": lambda: f"Bearer {forged(header={'alg': 'RS256'})}",
    "no alg": lambda: f"Bearer {forged(header={'alg': None})}",
    "hmac with the public key": lambda: f"Bearer {hmac_with_the_public_key()}",
    "other issuer": lambda: f"Bearer {forged(iss='https://example.com')}",
    "other audience": lambda: f"Bearer {forged(aud='another-api')}",
    "audience list": lambda: f"Bearer {forged(aud=[AUDIENCE, 'another-api'])}",
    "audience list of one": lambda: f"Bearer {forged(aud=[AUDIENCE])}",
    "no exp": lambda: f"Bearer {forged(exp=None)}",
    "no iat": lambda: f"Bearer {forged(iat=None)}",
    "no sub": lambda: f"Bearer {forged(sub=None)}",
    "no iss": lambda: f"Bearer {forged(iss=None)}",
    "no aud": lambda: f"Bearer {forged(aud=None)}",
    "empty sub": lambda: f"Bearer {forged(sub='')}",
    "sub that is no UUID": lambda: f"Bearer {forged(sub='ada')}",
    "sub that is a path": lambda: f"Bearer {forged(sub=f'{USER}#PROFILE')}",
    "sub that is a number": lambda: f"Bearer {forged(sub=1)}",
    "exp in the year 9999": lambda: f"Bearer {forged(exp=YEAR_9999)}",
    "a lifetime of years": lambda: f"Bearer {forged(exp=NOW + 3 * 365 * 86_400)}",
    "a lifetime one second too long": lambda: f"Bearer {forged(iat=NOW, exp=NOW + int(LIFETIME.total_seconds()) + 1)}",
    "exp before iat": lambda: f"Bearer {forged(iat=NOW + 7200, exp=NOW + 3600)}",
    "exp at iat": lambda: f"Bearer {forged(iat=NOW + 60, exp=NOW + 60)}",
    "exp that is a text": lambda: f"Bearer {forged(exp=str(NOW + 60))}",
    "exp that is infinite": lambda: f"Bearer {forged(exp=float('inf'))}",
    "unknown kid": lambda: f"Bearer {forged(header={'kid': STRANGER.kid})}",
    "no kid": lambda: f"Bearer {forged(header={'kid': None})}",
    "kid that is a number": lambda: f"Bearer {forged(header={'kid': 1})}",
    "kid that is a list": lambda: f"Bearer {forged(header={'kid': [KEY.kid]})}",
    "kid that is a path": lambda: f"Bearer {forged(header={'kid': '../../dev/null'})}",
    "crit that is unknown": lambda: f"Bearer {forged(header={'crit': ['exp2'], 'exp2': 1})}",
    "crit that is empty": lambda: f"Bearer {forged(header={'crit': []})}",
    "crit b64": lambda: f"Bearer {forged(header={'crit': ['b64'], 'b64': False})}",
    "jku": lambda: f"Bearer {forged(STRANGER, {'kid': STRANGER.kid, 'jku': 'http://127.0.0.1:1/keys'})}",
    "x5u": lambda: f"Bearer {forged(STRANGER, {'kid': STRANGER.kid, 'x5u': 'http://127.0.0.1:1/chain'})}",
    "jwk": lambda: f"Bearer {forged(STRANGER, {'kid': STRANGER.kid, 'jwk': jwk(STRANGER)})}",
    "jwk under our kid": lambda: f"Bearer {forged(STRANGER, {'jwk': jwk(STRANGER)})}",
}


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("case", REFUSED)
def test_all_that_is_wrong_with_a_token_is_answered_alike(case: str) -> None:
    answer = call("GET", "/api/sessions", headers={"Authorization": REFUSED[case]()})

    assert (answer.status, answer.json()) == (401, {"detail": "Not authenticated"})
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_a_good_token_passes_whatever_the_case_of_header_and_scheme(scheme: str, name: str) -> None:
    answer = call("GET", "/api/sessions", headers={name: f"{scheme} {token()}"})

    assert answer.status == 200


def test_a_token_forged_with_nothing_wrong_is_good() -> None:
    verifier = Verifier({KEY.kid: KEY.public_hex})

    assert verifier.user_id(forged()) == USER


@pytest.mark.parametrize(("claim", "apart"), [("exp", -8), ("iat", 8), ("nbf", 8)])
def test_clocks_may_be_ten_seconds_apart(claim: str, apart: int) -> None:
    verifier = Verifier({KEY.kid: KEY.public_hex})
    now = int(time.time())
    changed: dict[str, Any] = {"iat": now - 60, claim: now + apart}

    assert verifier.user_id(forged(**changed)) == USER


@pytest.mark.parametrize(("claim", "apart"), [("exp", -10), ("iat", 15), ("nbf", 15)])
def test_clocks_may_not_be_further_apart(claim: str, apart: int) -> None:
    verifier = Verifier({KEY.kid: KEY.public_hex})
    now = int(time.time())
    changed: dict[str, Any] = {"iat": now - 60, claim: now + apart}

    with pytest.raises(Unauthorized):
        verifier.user_id(forged(**changed))


def test_a_token_names_its_key_and_says_no_more_than_it_must() -> None:
    signed = KEY.sign(USER, datetime.now(UTC))

    assert jwt.get_unverified_header(signed) == {"alg": "EdDSA", "kid": KEY.kid, "typ": "JWT"}
    assert jwt.decode(signed, options={"verify_signature": False}).keys() == {"sub", "iat", "exp", "iss", "aud"}


# Rotation


@pytest.fixture
def ring(moto: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyRing]:
    """An empty ring, in a parameter on moto."""
    assert moto
    monkeypatch.setenv("TOKEN_KEYS_PARAMETER", "/coach/token-keys")
    aws.signing_key.cache_clear()
    ring = KeyRing(SecretParameter("/coach/token-keys"))
    yield ring
    ring.forget()
    aws.signing_key.cache_clear()


def accepts(public_keys: dict[str, str], signed: str) -> bool:
    try:
        return Verifier(public_keys).user_id(signed) == USER
    except Unauthorized:
        return False


def test_a_token_outlives_one_rotation_and_not_two(ring: KeyRing) -> None:
    first, public_1 = ring.turn_to("1")
    signed = first.sign(USER, datetime.now(UTC))
    second, public_2 = ring.turn_to("2")
    _, public_3 = ring.turn_to("3")

    accepted = [accepts(public, signed) for public in (public_1, public_2, public_3)]

    assert accepted == [True, True, False]
    assert accepts(public_3, second.sign(USER, datetime.now(UTC)))


def test_a_new_generation_signs_with_a_new_key(ring: KeyRing) -> None:
    first, _ = ring.turn_to("1")
    second, public = ring.turn_to("2")

    assert first.kid != second.kid
    assert list(public) == [first.kid, second.kid]


def test_a_deployment_that_is_repeated_changes_no_key(ring: KeyRing) -> None:
    ring.turn_to("1")
    key, public = ring.turn_to("2")

    again, public_again = ring.turn_to("2")

    assert (again.kid, public_again) == (key.kid, public)


def test_rolling_back_signs_with_the_old_key_and_signs_nobody_out(ring: KeyRing) -> None:
    first, _ = ring.turn_to("1")
    second, _ = ring.turn_to("2")
    signed = second.sign(USER, datetime.now(UTC))

    back, public = ring.turn_to("1")

    assert back.kid == first.kid
    assert accepts(public, signed)


def test_tokens_are_signed_with_the_key_that_the_environment_names(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = ring.turn_to("1")
    ring.turn_to("2")
    monkeypatch.setenv("TOKEN_SIGNING_KID", first.kid)

    key = aws.signing_key()

    assert (key.kid, key.public_hex) == (first.kid, first.public_hex)


def test_private_keys_are_kept_encrypted(ring: KeyRing) -> None:
    import boto3

    ring.turn_to("1")

    kept = boto3.client("ssm").get_parameter(Name="/coach/token-keys")["Parameter"]

    assert kept["Type"] == "SecureString"
