"""What functions work with, made from the environment: lazily, once per execution environment."""

import json
import os
import secrets
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from coach.errors import MissingSetting
from coach.table import Table
from coach.tokens import SigningKey, Verifier

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# A request has seconds, not the minute that botocore would wait for a lost connection.
_PATIENCE = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "max_attempts": 3})


def setting(name: str) -> str:
    """A variable of the environment. Raises MissingSetting when it is not set or empty."""
    value = os.environ.get(name)
    if not value:
        raise MissingSetting(name)
    return value


@cache
def table() -> Table:
    return Table(boto3.client("dynamodb", config=_PATIENCE), setting("TABLE_NAME"))


@cache
def verifier() -> Verifier:
    return Verifier.parse(setting("TOKEN_PUBLIC_KEYS"))


@cache
def evaluation_queue() -> "EvaluationQueue":
    return EvaluationQueue(boto3.client("sqs", config=_PATIENCE), setting("EVALUATION_QUEUE_URL"))


@cache
def signing_key() -> SigningKey:
    """The key that tokens are signed with: that of the environment's `kid`, out of the stack's parameter."""
    return KeyRing().signing_key(setting("TOKEN_SIGNING_KID"))


class EvaluationQueue:
    """The queue of evaluations to do."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: list[str]) -> list[int]:
        """Send at most ten messages; the indices of those that were refused."""
        reply = self._client.send_message_batch(
            QueueUrl=self._url,
            Entries=[{"Id": str(index), "MessageBody": message} for index, message in enumerate(messages)],
        )
        return [int(failed["Id"]) for failed in reply.get("Failed", [])]

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a received message for `seconds` from now; then it is delivered again."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


class KeyRing:
    """The key pairs that sign tokens, one per generation, in an encrypted parameter of the stack's."""

    def __init__(self) -> None:
        self._client = boto3.client("ssm", config=_PATIENCE)
        self._name = setting("TOKEN_KEYS_PARAMETER")

    def signing_key(self, kid: str) -> SigningKey:
        return next(key for key in map(_signing_key, self._seeds().values()) if key.kid == kid)

    def turn_to(self, generation: str) -> tuple[SigningKey, dict[str, str]]:
        """The key of a generation, made if there is none, and the public keys that count by `kid`.

        The key that was used before goes on being accepted, so that nobody is signed out; those before it are
        forgotten. Asking for the same generation again changes nothing: deployments are retried and rolled back.
        """
        seeds = self._seeds()
        kept = {name: seed for name, seed in seeds.items() if name != generation}
        previous = dict(list(kept.items())[-1:])
        seeds = previous | {generation: seeds.get(generation) or secrets.token_hex(32)}
        self._client.put_parameter(Name=self._name, Type="SecureString", Value=json.dumps(seeds), Overwrite=True)
        keys = [_signing_key(seed) for seed in seeds.values()]
        return keys[-1], {key.kid: key.public_hex for key in keys}

    def forget(self) -> None:
        """Delete the parameter; it may be gone already."""
        self._client.delete_parameters(Names=[self._name])

    def _seeds(self) -> dict[str, str]:
        """Private keys as hexadecimal digits by generation, in the order in which they came into use."""
        try:
            reply = self._client.get_parameter(Name=self._name, WithDecryption=True)
        except self._client.exceptions.ParameterNotFound:
            return {}
        seeds: dict[str, str] = json.loads(reply["Parameter"]["Value"])
        return seeds


def _signing_key(seed: str) -> SigningKey:
    return SigningKey.made(bytes.fromhex(seed))
