"""Tokens of another issuer, asked of a real one on this machine: which are accepted, what happens while it turns its
keys, does not answer or says nonsense, and whose account they open."""

import base64
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import pytest

from coach import aws
from coach.errors import Busy, Unauthorized
from coach.identity import oidc, tokens
from coach.identity.oidc import ASKED_EVERY, FRESH, KEPT, LIFETIME, Issuer
from coach.identity.tokens import SigningKey
from coach.settings import InvalidSetting, IssuerSettings
from coach.storage import Storage
from tests.conftest import ROOT, SEED, USER, template, token
from tests.issuer import AUDIENCE, CONFIGURATION, KEYS, LocalIssuer, jwk, private_key, signed
from tests.unit.events import SESSION, Answer, call
from tests.unit.given import a_user

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = int(time.time())
OURS = SigningKey.made(SEED)
ONE_FETCH = [CONFIGURATION, KEYS]


class Clock:
    """Of the keys' age; tokens go by the real time."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by.total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture
def verifier(issuer: LocalIssuer, clock: Clock) -> Issuer:
    return Issuer(issuer.url, AUDIENCE, clock)


@pytest.fixture
def accepted(functions: None, verifier: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - before this
    """The functions accept the issuer's tokens beside our own."""
    monkeypatch.setattr(aws, "issuer", lambda: verifier)


def get(bearer: str, path: str = "/api/sessions") -> Answer:
    return call("GET", path, headers={"Authorization": f"Bearer {bearer}"})


def post(bearer: str, path: str, body: Any = None) -> Answer:
    return call("POST", path, body, headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"})


def refused(verifier: Issuer, bearer: str) -> bool:
    try:
        verifier.user_id(bearer)
    except Unauthorized:
        return True
    return False


# Which tokens

STRANGER = private_key("ES256", 99)
SHORT = private_key("RS256", 99, bits=1024)


def forged(issuer: LocalIssuer, **header: Any) -> str:
    """Signed with a key that is not the issuer's."""
    now = int(time.time())
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 60}
    return signed("ES256", STRANGER, {"kid": issuer.kid} | header, claims)


def by_hmac(issuer: LocalIssuer) -> str:
    """Signed with the public key as if that were a secret; PyJWT would not."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": issuer.kid}).encode()).decode().rstrip("=")
    secret, message = base64.urlsafe_b64decode(issuer.keys[0]["x"] + "="), f"{head}.{issuer.token().split('.')[1]}"
    signature = hmac.digest(secret, message.encode(), "sha256")
    return f"{message}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def unsigned(issuer: LocalIssuer) -> str:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none", headers={"kid": issuer.kid})


def altered(issuer: LocalIssuer) -> str:
    mine, theirs = issuer.token().split("."), issuer.token("grace").split(".")
    return ".".join([mine[0], theirs[1], mine[2]])


def by_our_key(issuer: LocalIssuer) -> str:
    """The issuer's name over a signature of our own key, which is another's to use."""
    claims = jwt.decode(issuer.token(USER), options={"verify_signature": False})
    return jwt.encode(claims, OURS.private, algorithm="EdDSA", headers={"kid": OURS.kid})


def in_our_name(issuer: LocalIssuer) -> str:
    return issuer.token(USER, iss=tokens.ISSUER, aud=tokens.AUDIENCE)


def short_key(issuer: LocalIssuer) -> str:
    issuer.keys.append(jwk("RS256", SHORT, kid="short", alg="RS256"))
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    with pytest.warns(UserWarning, match="key"):
        return jwt.encode(claims, SHORT, algorithm="RS256", headers={"kid": "short"})


REFUSED: dict[str, Callable[[LocalIssuer], str]] = {
    "expired": lambda issuer: issuer.token(iat=NOW - 7200, exp=NOW - 3600),
    "no exp": lambda issuer: issuer.token(exp=None),
    "no iat": lambda issuer: issuer.token(iat=None),
    "no sub": lambda issuer: issuer.token(None),
    "empty sub": lambda issuer: issuer.token(""),
    "a sub that is too long": lambda issuer: issuer.token("a" * 256),
    "half a surrogate pair as sub": lambda issuer: issuer.token("\ud800"),
    "not yet valid": lambda issuer: issuer.token(nbf=NOW + 3600),
    "issued in the future": lambda issuer: issuer.token(iat=NOW + 3600, exp=NOW + 7200),
    "a lifetime of two days": lambda issuer: issuer.token(exp=NOW + 2 * 86_400),
    "exp before iat": lambda issuer: issuer.token(iat=NOW + 5, exp=NOW + 4),
    "another audience": lambda issuer: issuer.token(aud="another-api"),
    "a list of other audiences": lambda issuer: issuer.token(aud=["another-api", f"{AUDIENCE}/more"]),
    "a part of our audience": lambda issuer: issuer.token(aud=AUDIENCE[:-1]),
    "no audience": lambda issuer: issuer.token(aud=None),
    "an audience that is an object": lambda issuer: issuer.token(aud={AUDIENCE: 1}),
    "a client in place of the audience, not of Cognito": lambda issuer: issuer.token(aud=None, client_id=AUDIENCE),
    "Cognito's for another client": lambda issuer: issuer.token(aud=None, client_id="x", token_use="access"),
    "Cognito's for our client and another audience": lambda issuer: issuer.token(
        aud="another-api", client_id=AUDIENCE, token_use="access"
    ),
    "an ID token of Cognito": lambda issuer: issuer.token(token_use="id"),
    "an ID token of Keycloak": lambda issuer: issuer.token(typ="ID"),
    "a refresh token of Keycloak": lambda issuer: issuer.token(typ="Refresh"),
    "an ID token with the hash of an access token": lambda issuer: issuer.token(at_hash="x"),
    "an ID token with the hash of a code": lambda issuer: issuer.token(c_hash="x"),
    "a logout token": lambda issuer: issuer.token(header={"typ": "logout+jwt"}),
    "bound to a key that the caller holds": lambda issuer: issuer.token(cnf={"jkt": "x"}),
    "crit": lambda issuer: issuer.token(header={"crit": ["exp2"], "exp2": 1}),
    "unknown kid": lambda issuer: issuer.token(header={"kid": "unknown"}),
    "no kid": lambda issuer: issuer.token(header={"kid": None}),
    "no kid, signed by a stranger": lambda issuer: forged(issuer, kid=None),
    "signed by a stranger": forged,
    "signed by a stranger who tells his key": lambda issuer: forged(issuer, jwk=jwk("ES256", STRANGER)),
    "signed by a stranger who tells where his keys are": lambda issuer: forged(issuer, jku=f"{issuer.url}/mine"),
    "hmac with the public key": by_hmac,
    "alg none": unsigned,
    "altered": altered,
    "signed with our own key": by_our_key,
    "in our own name": in_our_name,
    "signed with a key that is too short": short_key,
    "another issuer": lambda issuer: issuer.token(iss=f"{issuer.url}/other"),
    "our issuer in a list": lambda issuer: f"{issuer.token().split('.')[0]}.eyJpc3MiOltdfQ.x",
    "garbage": lambda _: "garbage",
    "a payload nested deep": lambda issuer: f"{issuer.token().split('.')[0]}.{'W1tb' * 100_000}.x",
}


@pytest.mark.usefixtures("accepted")
@pytest.mark.parametrize("case", REFUSED)
def test_all_that_is_wrong_with_a_token_is_answered_alike(case: str, issuer: LocalIssuer) -> None:
    answer = get(REFUSED[case](issuer))

    assert (answer.status, answer.json()) == (401, {"detail": "Not authenticated"})
    assert answer.headers["www-authenticate"] == "Bearer"


ACCEPTED: dict[str, Callable[[LocalIssuer], str]] = {
    "as it is": lambda issuer: issuer.token(),
    "among audiences": lambda issuer: issuer.token(aud=["another-api", AUDIENCE]),
    "an access token by its type": lambda issuer: issuer.token(header={"typ": "at+JWT"}),
    "without a type": lambda issuer: issuer.token(header={"typ": None}),
    "an access token of Cognito": lambda issuer: issuer.token(aud=None, client_id=AUDIENCE, token_use="access"),
    "an access token of Keycloak": lambda issuer: issuer.token(typ="Bearer", azp="a-client"),
    "good for a day": lambda issuer: issuer.token(exp=NOW + int(LIFETIME.total_seconds()) - 60),
    "of a clock that is ahead": lambda issuer: issuer.token(iat=int(time.time()) + 8),
}


@pytest.mark.usefixtures("accepted")
@pytest.mark.parametrize("case", ACCEPTED)
def test_an_access_token_for_us_is_accepted(case: str, issuer: LocalIssuer) -> None:
    assert get(ACCEPTED[case](issuer)).status == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
@pytest.mark.parametrize("told", [True, False])
def test_an_issuer_signs_with_what_it_likes_of_what_is_safe(
    algorithm: str, told: bool, issuer: LocalIssuer, verifier: Issuer
) -> None:
    issuer.turn(algorithm)
    if not told and algorithm != "PS256":  # a key for that has to say so
        issuer.keys[-1].pop("alg")

    assert UUID(verifier.user_id(issuer.token()))


@pytest.mark.parametrize("path", ["/realms/coach", "/", "/slash/"])
def test_an_issuers_name_may_have_a_path(path: str, clock: Clock) -> None:
    with LocalIssuer(path) as issuer:
        verifier = Issuer(issuer.url, AUDIENCE, clock)

        assert UUID(verifier.user_id(issuer.token()))
        assert issuer.asked == [f"{path.rstrip('/')}{CONFIGURATION}", KEYS]


@pytest.mark.usefixtures("accepted")
def test_our_own_tokens_go_on_being_good_and_ask_nobody(issuer: LocalIssuer) -> None:
    assert get(token()).status == 200
    assert issuer.asked == []


# Keys that come and go


def test_keys_are_asked_for_once(issuer: LocalIssuer, verifier: Issuer, clock: Clock) -> None:
    for _ in range(10):
        verifier.user_id(issuer.token())
        clock.forward(FRESH / 11)

    assert issuer.asked == ONE_FETCH


def test_a_new_key_is_accepted_at_once_and_the_one_before_as_long_as_it_is_published(
    issuer: LocalIssuer, verifier: Issuer, clock: Clock
) -> None:
    before = issuer.token()
    verifier.user_id(before)
    clock.forward(ASKED_EVERY)

    issuer.turn()

    assert verifier.user_id(issuer.token()) == verifier.user_id(before)
    assert issuer.asked == ONE_FETCH * 2
    issuer.turn(keep=False)
    clock.forward(FRESH)
    assert refused(verifier, before)
    assert verifier.user_id(issuer.token())


def test_unknown_keys_are_asked_for_now_and_then_whatever_callers_send(
    issuer: LocalIssuer, verifier: Issuer, clock: Clock
) -> None:
    verifier.user_id(issuer.token())

    for number in range(121):
        assert refused(verifier, issuer.token(header={"kid": f"made up {number}"}))
        clock.forward(ASKED_EVERY / 60)

    assert issuer.asked == ONE_FETCH * 3


def test_a_key_that_was_asked_for_too_early_is_found_half_a_minute_later(
    issuer: LocalIssuer, verifier: Issuer, clock: Clock
) -> None:
    verifier.user_id(issuer.token())
    issuer.turn()

    assert refused(verifier, issuer.token())
    clock.forward(ASKED_EVERY)
    assert verifier.user_id(issuer.token())


def test_callers_at_the_same_time_ask_once(issuer: LocalIssuer, verifier: Issuer) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: verifier.user_id(issuer.token()), range(16)))

    assert len(found) == 1
    assert issuer.asked == ONE_FETCH


# An issuer that does not answer


def test_known_keys_are_used_on_for_hours_while_the_issuer_is_down(
    issuer: LocalIssuer, verifier: Issuer, clock: Clock
) -> None:
    user = verifier.user_id(issuer.token())
    issuer.stop()

    clock.forward(KEPT - ASKED_EVERY)
    assert verifier.user_id(issuer.token()) == user
    clock.forward(ASKED_EVERY)
    with pytest.raises(Busy):
        verifier.user_id(issuer.token())
    issuer.start()
    clock.forward(ASKED_EVERY)
    assert verifier.user_id(issuer.token()) == user


@pytest.mark.usefixtures("accepted")
def test_who_cannot_be_told_from_a_stranger_is_asked_to_come_again(issuer: LocalIssuer, clock: Clock) -> None:
    issuer.stop()

    first, second = get(issuer.token()), get(issuer.token())

    detail = {"detail": "Who issued your token does not answer; try again in a moment"}
    assert [(each.status, each.json()) for each in (first, second)] == [(503, detail)] * 2
    assert get(token()).status == 200  # ours
    issuer.start()
    clock.forward(ASKED_EVERY)
    assert get(issuer.token()).status == 200


def test_a_new_key_is_not_refused_because_the_issuer_is_down(
    issuer: LocalIssuer, verifier: Issuer, clock: Clock
) -> None:
    before = issuer.token()
    user = verifier.user_id(before)
    issuer.turn()
    issuer.stop()
    clock.forward(ASKED_EVERY)

    with pytest.raises(Busy):
        verifier.user_id(issuer.token())
    assert verifier.user_id(before) == user


@pytest.mark.parametrize("how", ["hangs", "drips"])
def test_an_issuer_that_hangs_holds_one_request_up_for_three_seconds(
    how: str, issuer: LocalIssuer, verifier: Issuer, clock: Clock
) -> None:
    known = issuer.token()
    user = verifier.user_id(known)
    setattr(issuer, how, True)
    issuer.turn()
    clock.forward(ASKED_EVERY)

    began = time.monotonic()
    with pytest.raises(Busy):
        verifier.user_id(issuer.token())
    took = time.monotonic() - began

    assert 2.9 < took < 4
    for _ in range(50):
        assert verifier.user_id(known) == user
        with pytest.raises(Busy):
            verifier.user_id(issuer.token())
    assert time.monotonic() - began - took < 1
    assert issuer.asked == [*ONE_FETCH, CONFIGURATION]


def test_an_issuer_that_drips_is_not_asked_a_second_time_meanwhile(
    issuer: LocalIssuer, verifier: Issuer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "PATIENCE", timedelta(seconds=0.2))
    issuer.drips = True

    for _ in range(3):
        with pytest.raises(Busy):
            verifier.user_id(issuer.token())
        clock.forward(ASKED_EVERY)

    assert issuer.asked == [CONFIGURATION]


# An issuer that says nonsense

ENCRYPTS = jwk("RS256", private_key("RS256", 98), kid="e", alg="RS256", use="enc")
SECRET = {"kty": "oct", "k": "c2VjcmV0", "kid": "ES256-0", "alg": "HS256"}


def says(**changed: Any) -> Callable[[LocalIssuer], None]:
    return lambda issuer: issuer.configuration.update(changed)


NONSENSE: dict[str, Callable[[LocalIssuer], None]] = {
    "another issuer's name": says(issuer="https://example.com"),
    "no name": says(issuer=None),
    "no address": says(jwks_uri=None),
    "an address that is a number": says(jwks_uri=1),
    "an address on the disk": says(jwks_uri="file:///etc/passwd"),
    "an address of another protocol": says(jwks_uri="ftp://127.0.0.1/keys"),
    "an address that is none": says(jwks_uri="http://["),
    "an address that says no": lambda issuer: setattr(issuer, "redirects", True),
    "a list": lambda issuer: setattr(issuer, "configuration", [1]),
    "HTML": lambda issuer: setattr(issuer, "raw", b"<html>"),
    "nothing": lambda issuer: setattr(issuer, "raw", b""),
    "no UTF-8": lambda issuer: setattr(issuer, "raw", b"\xff\xfe{}"),
    "JSON nested deep": lambda issuer: setattr(issuer, "raw", b"[" * 100_000),
    "a megabyte": lambda issuer: issuer.configuration.update(more="x" * 1_000_000),
    "no keys": lambda issuer: setattr(issuer, "keys", []),
    "keys that are none": lambda issuer: setattr(issuer, "keys", {"kid": 1}),
    "a key to encrypt with": lambda issuer: setattr(issuer, "keys", [ENCRYPTS]),
    "a secret": lambda issuer: setattr(issuer, "keys", [SECRET]),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_what_an_issuer_cannot_mean_is_no_answer(case: str, issuer: LocalIssuer, verifier: Issuer) -> None:
    NONSENSE[case](issuer)

    with pytest.raises(Busy):
        verifier.user_id(issuer.token())


@pytest.mark.parametrize("beside", [None, 1, [], {}, {"kty": "RSA"}, {"kty": "XYZ", "kid": "x"}, ENCRYPTS, SECRET])
def test_a_key_that_cannot_be_used_does_no_harm_to_others(beside: Any, issuer: LocalIssuer, verifier: Issuer) -> None:
    issuer.keys = [beside, *issuer.keys]

    assert verifier.user_id(issuer.token())


# Whose account


def test_a_subject_has_one_user_for_ever(issuer: LocalIssuer, clock: Clock) -> None:
    of = {
        (url, sub): Issuer(url, AUDIENCE, clock)
        for url, sub in [("https://a.example", "b"), ("https://a.example", "c"), ("https://a.exampl", "eb")]
    }
    ids = set()
    for (url, sub), verifier in of.items():
        verifier._keys = Issuer(issuer.url, AUDIENCE, clock)._keys
        ids |= {verifier.user_id(issuer.token(sub, iss=url)) for _ in range(2)}

    assert len(ids) == 3
    assert "aeff0830-a3c5-57b8-8023-161e3194aa56" in ids


@pytest.mark.usefixtures("accepted")
def test_who_comes_for_the_first_time_gets_an_account_of_their_own(issuer: LocalIssuer, storage: Storage) -> None:
    registered = a_user("ada@example.com")
    storage.accounts.register(registered, "hash")
    bearer = issuer.token("ada", email="ada@example.com", email_verified=True)

    found = get(bearer, "/auth/me")

    assert found.status == 200
    user = found.json()
    assert (user["email"], user["full_name"], user["is_active"], user["last_login"]) == (None, None, True, None)
    assert user["id"] != registered.id
    assert get(bearer, "/auth/me").json() == user
    assert storage.accounts.user(user["id"]).id == user["id"]


@pytest.mark.usefixtures("accepted")
def test_a_session_is_begun_without_any_other_step(issuer: LocalIssuer) -> None:
    bearer = issuer.token()

    made = post(bearer, "/api/sessions", {"id": SESSION})

    assert made.status == 201
    assert get(bearer).json() == [made.json()]
    assert get(bearer, "/auth/me").json()["id"] == made.json()["user_id"]
    assert get(issuer.token("grace"), f"/api/sessions/{SESSION}").status == 404


@pytest.mark.usefixtures("accepted")
@pytest.mark.parametrize("path", ["/api/sessions", "/api/attempts", "/api/questions/next", "/api/export"])
def test_reading_makes_no_account(path: str, issuer: LocalIssuer, dynamodb: "DynamoDBClient") -> None:
    before = dynamodb.scan(TableName="coach")["Items"]

    assert get(issuer.token(), path).status == 200

    assert dynamodb.scan(TableName="coach")["Items"] == before


@pytest.mark.usefixtures("accepted")
@pytest.mark.parametrize("known", [True, False])
def test_there_is_no_password_to_change(known: bool, issuer: LocalIssuer) -> None:
    if known:
        get(issuer.token(), "/auth/me")
    change = {"current_password": "a long password", "new_password": "another password"}

    answer = post(issuer.token(), "/auth/password", change)

    assert answer.status == 409
    assert "no password" in answer.json()["detail"]


# The settings

ISSUERS = {
    "https://example.com": True,
    "https://example.com/": True,
    "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a1B2c3": True,
    "https://example.com:8443/realms/coach": True,
    "http://localhost:8080/realms/coach": True,
    "http://127.0.0.1:9000": True,
    "http://example.com": False,
    "http://localhost.example.com": False,
    "http://127.0.0.1.example.com": False,
    "http://127.0.0.1@example.com": False,
    "ftp://example.com": False,
    "https://": False,
    "https://example.com/?a=b": False,
    "https://example.com/#a": False,
    "https://exam ple.com": False,
    "example.com": False,
}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_only_on_this_machine_an_issuer_may_do_without_tls(issuer: str) -> None:
    good = True
    try:
        IssuerSettings.read({"OIDC_ISSUER": issuer, "OIDC_AUDIENCE": "a"})
    except InvalidSetting:
        good = False

    assert good is ISSUERS[issuer]


def test_the_template_refuses_what_the_functions_do() -> None:
    [pattern] = [each.pattern for each in IssuerSettings.model_fields["oidc_issuer"].metadata]

    assert template()["Parameters"]["OidcIssuer"]["AllowedPattern"] == f"^$|{pattern}"


@pytest.mark.usefixtures("functions")
def test_an_issuer_without_an_audience_is_a_mistake_of_ours(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://example.com")
    aws.issuer.cache_clear()

    answer = get(token())

    assert answer.status == 500
    assert "OIDC_AUDIENCE is not set" in caplog.text


@pytest.mark.parametrize("on", [False, True])
def test_without_an_issuer_nothing_of_it_is_imported(on: bool) -> None:
    code = "import sys, functions.get_session.app; print('coach.identity.oidc' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'layers/coach'}:{ROOT}", "TOKEN_PUBLIC_KEYS": "{}"}
    if on:
        environment |= {"OIDC_ISSUER": "https://example.com", "OIDC_AUDIENCE": AUDIENCE}

    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert found.stdout.split()[-1] == str(on)
