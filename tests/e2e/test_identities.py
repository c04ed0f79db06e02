"""Tokens of another issuer on the running stack, whose functions are processes that ask for its keys each by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator import free_port
from local.stack import LocalStack
from tests.e2e.client import Coach, waiting
from tests.e2e.test_walk import STRONG
from tests.issuer import AUDIENCE, LocalIssuer


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def stack(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One that accepts the issuer's tokens."""
    data_dir: Path = tmp_path_factory.mktemp("identities")
    with LocalStack(free_port(), data_dir, {"OIDC_ISSUER": issuer.url, "OIDC_AUDIENCE": AUDIENCE}) as stack:
        yield stack


def test_an_issuers_token_is_accepted_while_its_keys_turn_and_refused_when_it_is_for_others(
    stack: LocalStack, issuer: LocalIssuer
) -> None:
    ada = Coach(stack.url, issuer.token("ada"))
    session = ada.session()
    assert ada.answer(session, STRONG).status_code == 201
    assert ada.settled(session)["status"] == "evaluated"
    me = ada.get("/auth/me").json()
    assert (me["id"], me["email"]) == (ada.stats(session)["user_id"], None)

    assert Coach(stack.url, issuer.token("ada", aud="another-api")).get("/api/sessions").status_code == 401
    assert Coach(stack.url, issuer.token("grace")).get(f"/api/sessions/{session}").status_code == 404
    assert Coach.registered(stack.url).get("/api/sessions").json() == []

    issuer.turn("RS256")
    turned = Coach(stack.url, issuer.token("ada"))
    for _ in waiting("the new key to be asked for"):
        assert ada.get("/api/sessions").status_code == 200  # with the key from before
        if turned.get("/api/sessions").status_code == 200:
            break
    assert turned.get("/auth/me").json() == me

    issuer.stop()
    assert turned.get("/api/sessions").status_code == 200
    issuer.turn()
    issuer.start()
