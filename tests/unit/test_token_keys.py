"""The stack's custom resource: CloudFormation asks for keys and waits for an answer at the address that it gave."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

import pytest

from coach import aws
from coach.aws import SecretParameter
from coach.identity.keys import KeyRing
from coach.identity.tokens import Verifier
from functions.make_token_keys.app import handler
from tests.conftest import USER
from tests.unit.events import Context, load

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARAMETER = "/coach/token-keys"


class CloudFormation(HTTPServer):
    """The place where the answers go."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answers: list[dict[str, Any]] = []
        self.content_types: list[str | None] = []
        self.status = 200

    def asks(self, request: str, generation: Any = "1", **changed: Any) -> Any:
        """Send a request, and return the answer to it."""
        event = load("make_token_keys") | {"RequestType": request, "ResponseURL": self.url} | changed
        event["ResourceProperties"] = event["ResourceProperties"] | {"Generation": generation}
        before = len(self.answers)
        handler(event, Context())  # type: ignore[arg-type]
        assert len(self.answers) == before + 1
        return self.answers[-1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/answer?X-Amz-Signature=0"


class _Answers(BaseHTTPRequestHandler):
    server: CloudFormation

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.append(json.loads(content))
        self.server.content_types.append(self.headers["Content-Type"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cloudformation(moto: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    """CloudFormation, and no keys yet."""
    assert moto
    monkeypatch.setenv("TOKEN_KEYS_PARAMETER", PARAMETER)
    server = CloudFormation()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    SecretParameter(PARAMETER).delete()


def kids(answer: dict[str, Any]) -> list[str]:
    return list(json.loads(answer["Data"]["PublicKeys"]))


def test_a_new_stack_gets_a_key_pair(cloudformation: CloudFormation) -> None:
    answer = cloudformation.asks("Create")

    event = load("make_token_keys")
    assert answer["Status"] == "SUCCESS"
    assert {name: answer[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    assert answer["PhysicalResourceId"]
    assert kids(answer) == [answer["Data"]["SigningKid"]]
    assert cloudformation.content_types == [""]  # another one breaks the signature of the address


def test_what_the_functions_are_told_is_what_they_need(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    data = cloudformation.asks("Create")["Data"]
    monkeypatch.setenv("TOKEN_SIGNING_KID", data["SigningKid"])
    aws.signing_key.cache_clear()

    token = aws.signing_key().sign(USER, datetime.now(UTC))

    assert Verifier(json.loads(data["PublicKeys"])).user_id(token) == USER
    aws.signing_key.cache_clear()


def test_the_answer_holds_no_private_key(cloudformation: CloudFormation, caplog: pytest.LogCaptureFixture) -> None:
    import boto3

    with caplog.at_level(logging.DEBUG):
        answer = cloudformation.asks("Create")

    kept = boto3.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"]
    [seed] = json.loads(kept).values()
    assert len(seed) == 64
    assert seed not in json.dumps(answer)
    assert seed not in "".join(str(record.msg) for record in caplog.records if record.name == "coach")


def test_an_update_of_the_same_generation_changes_nothing(cloudformation: CloudFormation) -> None:
    first = cloudformation.asks("Create")

    second = cloudformation.asks("Update")

    assert second["Data"] == first["Data"]
    assert second["PhysicalResourceId"] == first["PhysicalResourceId"]  # or CloudFormation would delete the first


def test_the_next_generation_signs_anew_and_accepts_the_last_one(cloudformation: CloudFormation) -> None:
    first = cloudformation.asks("Create", "1")

    second = cloudformation.asks("Update", "2")
    third = cloudformation.asks("Update", "3")

    assert kids(second) == [first["Data"]["SigningKid"], second["Data"]["SigningKid"]]
    assert kids(third) == [second["Data"]["SigningKid"], third["Data"]["SigningKid"]]


def test_a_rollback_signs_with_the_old_key_again(cloudformation: CloudFormation) -> None:
    first = cloudformation.asks("Create", "1")
    second = cloudformation.asks("Update", "2")

    back = cloudformation.asks("Update", "1")

    assert back["Data"]["SigningKid"] == first["Data"]["SigningKid"]
    assert set(kids(back)) == set(kids(second))


def test_a_stack_that_is_deleted_leaves_no_keys(cloudformation: CloudFormation) -> None:
    first = cloudformation.asks("Create")

    answer = cloudformation.asks("Delete")
    again = cloudformation.asks("Delete")

    assert answer["Status"] == again["Status"] == "SUCCESS"
    assert cloudformation.asks("Create")["Data"]["SigningKid"] != first["Data"]["SigningKid"]


def no_parameter(patch: pytest.MonkeyPatch) -> None:
    patch.delenv("TOKEN_KEYS_PARAMETER")


def refused_by_ssm(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(KeyRing, "_seeds", lambda _: json.loads("no JSON"))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
@pytest.mark.parametrize("breaks", [no_parameter, refused_by_ssm])
def test_a_failure_is_answered_and_says_where_to_read_on(
    cloudformation: CloudFormation, request_type: str, breaks: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        breaks(patch)

        answer = cloudformation.asks(request_type)

    assert (answer["Status"], answer["Data"]) == ("FAILED", {})
    assert answer["Reason"] == f"See the log stream {Context.log_stream_name}"


@pytest.mark.parametrize("changed", [{"RequestType": None}, {"ResourceProperties": {}}])
def test_a_request_that_makes_no_sense_is_answered(cloudformation: CloudFormation, changed: dict[str, Any]) -> None:
    event = load("make_token_keys") | {"ResponseURL": cloudformation.url} | changed
    if changed.get("RequestType", "") is None:
        del event["RequestType"]

    handler(event, Context())  # type: ignore[arg-type]

    assert [answer["Status"] for answer in cloudformation.answers] == ["FAILED"]


def test_an_answer_that_is_not_taken_is_an_error_so_that_lambda_tries_again(cloudformation: CloudFormation) -> None:
    cloudformation.status = 503

    with pytest.raises(HTTPError) as refused:
        cloudformation.asks("Create")

    refused.value.close()
    assert len(cloudformation.answers) == 1


def test_an_address_that_nobody_listens_at_is_an_error(cloudformation: CloudFormation) -> None:
    with pytest.raises(URLError):
        cloudformation.asks("Create", ResponseURL="http://127.0.0.1:1/answer")

    assert cloudformation.answers == []
