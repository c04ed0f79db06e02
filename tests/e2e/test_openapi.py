"""Requests made up from the OpenAPI document, as the running stack serves it: nothing ends in a server error, and
every answer is one that the document promises."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.stack import LocalStack
from tests.e2e.client import Coach
from tests.e2e.conftest import ROOT
from tests.e2e.test_walk import STRONG

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    ignored_auth,
]
schema = schemathesis.openapi.from_path(ROOT / "functions" / "web" / "openapi.json")
BOUNDED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="session")
def caller(offline: LocalStack) -> Coach:
    return Coach.registered(offline.url)


@pytest.fixture(scope="session")
def there(caller: Coach) -> Callable[[Case[Any]], None]:
    """Points a made-up request at a session and an attempt that are there, so that it gets past "not found"."""
    session = caller.session()
    caller.answer(session, STRONG)
    known = {"session_id": session, "attempt_id": 1, "question_id": 1}

    def point(case: Case[Any]) -> None:
        case.path_parameters = {name: known[name] for name in case.path_parameters or {}}

    return point


@schema.parametrize()
@BOUNDED
def test_any_request_gets_an_answer_of_the_document(case: Case[Any], caller: Coach) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    case.call_and_validate(base_url=caller.url, headers=headers, checks=PROMISES)


@schema.include(path_regex=r"\{").parametrize()
@BOUNDED
def test_any_request_about_what_is_there_does_too(
    case: Case[Any], caller: Coach, there: Callable[[Case[Any]], None]
) -> None:
    there(case)

    response = case.call(base_url=caller.url, headers={"Authorization": f"Bearer {caller.token}"})

    case.validate_response(response, checks=[not_a_server_error, status_code_conformance, response_schema_conformance])
