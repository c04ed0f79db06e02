"""`make rotate-keys`: what it asks CloudFormation for, and what it says when it cannot. That a stack turns its keys by
it is shown end to end."""

import json
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from coach.aws import SecretParameter
from coach.identity.keys import KeyRing
from local import token_keys
from operations.rotate_keys import main
from operations.stacks import Deployed, StackError

STACK = "coach"
VALUES = {"AnthropicApiKey": "****", "TokenKeyGeneration": "7", "CorsOrigins": "https://a.example"}
UPDATE = {
    "StackName": STACK,
    "UsePreviousTemplate": True,
    "Parameters": [
        {"ParameterKey": "AnthropicApiKey", "UsePreviousValue": True},
        {"ParameterKey": "CorsOrigins", "UsePreviousValue": True},
        {"ParameterKey": "TokenKeyGeneration", "ParameterValue": "8"},
    ],
    "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
}


class CloudFormation:
    """botocore's client, which knows what may be asked, with answers that a test lays out."""

    def __init__(self) -> None:
        self.client = boto3.client("cloudformation", "us-east-1")
        self.stub = Stubber(self.client)

    def describes(self, status: str, values: dict[str, str] = VALUES) -> None:
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
        stack = {
            "StackName": STACK,
            "StackStatus": status,
            "CreationTime": datetime.now(UTC),
            "Parameters": parameters,
        }
        self.stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK})

    def rotate(self, data_dir: Path | None = None) -> int:
        def client(service: str) -> Any:
            return self.client if service == "cloudformation" else boto3.client(service, "us-east-1")  # type: ignore[call-overload]

        with self.stub:
            code = main([], find=lambda _: Deployed(STACK, client, data_dir))
        self.stub.assert_no_pending_responses()
        return code


@pytest.fixture
def cloudformation() -> CloudFormation:
    return CloudFormation()


def test_the_next_generation_is_taken_and_all_else_stays(
    cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.describes("CREATE_COMPLETE")
    cloudformation.stub.add_response("update_stack", {}, UPDATE)
    cloudformation.describes("UPDATE_COMPLETE")

    assert cloudformation.rotate() == 0

    assert "generation 8" in capsys.readouterr().out


@pytest.fixture
def ring(moto: Any) -> Iterator[KeyRing]:
    """The stack's, on moto."""
    assert moto
    ring = KeyRing(SecretParameter(token_keys.parameter(STACK), boto3.client("ssm", "us-east-1")))
    yield ring
    ring.forget()


def test_a_local_stacks_new_key_is_kept_where_only_its_owner_reads(
    cloudformation: CloudFormation, ring: KeyRing, tmp_path: Path
) -> None:
    first, _ = ring.turn_to("7")
    cloudformation.describes("CREATE_COMPLETE")
    cloudformation.stub.add_response("update_stack", {}, UPDATE)
    cloudformation.describes("UPDATE_COMPLETE")
    assert token_keys.kept(tmp_path) is None

    assert cloudformation.rotate(tmp_path) == 0

    kept = token_keys.kept(tmp_path)
    assert kept
    assert (kept.generation, list(json.loads(kept.ring))) == (8, ["7", "8"])
    signing, accepted = ring.turn_to("8")  # as the stack does then: it finds the key that was made for it
    assert list(accepted) == [first.kid, signing.kid]
    assert list(json.loads(kept.ring).values())[-1] == signing.private.private_bytes_raw().hex()
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600]


@pytest.mark.parametrize("values", [{}, {"TokenKeyGeneration": "1.5"}])
def test_a_stack_whose_keys_cannot_be_counted_is_left_alone(
    values: dict[str, str], cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.describes("CREATE_COMPLETE", values)

    assert cloudformation.rotate() == 2

    assert "TokenKeyGeneration" in capsys.readouterr().err


def test_another_update_that_goes_on_is_told(
    cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.describes("UPDATE_IN_PROGRESS")
    busy = "Stack is in UPDATE_IN_PROGRESS state and can not be updated."
    cloudformation.stub.add_client_error("update_stack", "ValidationError", busy)

    assert cloudformation.rotate() == 2

    assert busy in capsys.readouterr().err


def test_an_update_that_fails_is_told(cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    cloudformation.describes("CREATE_COMPLETE")
    cloudformation.stub.add_response("update_stack", {}, UPDATE)
    cloudformation.describes("UPDATE_ROLLBACK_COMPLETE")

    assert cloudformation.rotate() == 1

    assert "tokens are signed as before" in capsys.readouterr().err


def test_without_a_stack_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def none(_: Namespace) -> Deployed:
        raise StackError("no stack is running")

    assert main([], find=none) == 2
    assert capsys.readouterr().err == "make rotate-keys: no stack is running\n"
