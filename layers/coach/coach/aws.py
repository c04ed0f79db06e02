"""AWS's services, and what is made of them and of the environment: once, when it is first asked for.

A function asks during its initialisation, see `coach.initialisation`.
"""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.loaders import Loader
from botocore.session import Session, get_session

from coach.errors import Busy
from coach.identity.keys import KeyRing
from coach.identity.tokens import SigningKey, Verifier
from coach.settings import (
    GraderSettings,
    IssuerSettings,
    LimitSettings,
    MailSettings,
    OidcSettings,
    QueueSettings,
    SigningSettings,
    TableSettings,
    TokenSettings,
)
from coach.storage import Storage
from coach.storage.limits import Allowance

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

    from coach.identity.oidc import Issuer

# A request has seconds, not the minute that botocore would wait for a lost connection.
_PATIENCE = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "max_attempts": 3})
_NOBODY_WAITS = _PATIENCE.merge(Config(read_timeout=60))


class _Models(Loader):
    """botocore's own descriptions of services. To name those that are used saves it looking through some four hundred
    folders for all that there are."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        return ["dynamodb", "sesv2", "sqs", "ssm"]


@cache
def _session() -> Session:
    session = get_session()
    session.register_component("data_loader", _Models())
    return session


def _client(service: str, config: Config = _PATIENCE) -> Any:
    """The client that boto3 would make; to import boto3 is to import its transfers to S3 as well, at every start."""
    return _session().create_client(service, config=config)


@cache
def storage() -> Storage:
    name = TableSettings.read().table_name
    return Storage(_client("dynamodb"), name)


@cache
def patient_storage() -> Storage:
    """For what no request waits for: the emulator takes seconds to look through thousands of items."""
    name = TableSettings.read().table_name
    return Storage(_client("dynamodb", _NOBODY_WAITS), name)


@cache
def verifier() -> Verifier:
    return Verifier(TokenSettings.read().token_public_keys)


@cache
def issuer() -> "Issuer | None":
    """The issuer whose tokens are accepted as well. Without one nothing of it is imported."""
    if not OidcSettings.read().oidc_issuer:
        return None
    from coach.identity.oidc import Issuer

    settings = IssuerSettings.read()
    return Issuer(settings.oidc_issuer, settings.oidc_audience)


def allowance() -> Allowance:
    """How many evaluations may be asked for in a day."""
    settings = LimitSettings.read()
    return Allowance(settings.daily_attempt_limit, settings.daily_evaluation_budget)


def grader_settings() -> GraderSettings:
    """Who grades, with the key where Claude needs one."""
    settings = GraderSettings.read()
    if settings.grader != "claude" or not settings.anthropic_api_key_parameter:
        return settings
    key = SecretParameter(settings.anthropic_api_key_parameter).get() or ""
    return GraderSettings.read({**os.environ, "ANTHROPIC_API_KEY": key})


@cache
def evaluation_queue() -> "EvaluationQueue":
    url = QueueSettings.read().evaluation_queue_url
    return EvaluationQueue(_client("sqs"), url)


@cache
def mailer() -> "Mailer | None":
    """None where nobody is set that mails come from."""
    sender = MailSettings.read().mail_from
    return Mailer(_client("sesv2"), sender) if sender else None


@cache
def signing_key() -> SigningKey:
    settings = SigningSettings.read()
    return KeyRing(SecretParameter(settings.token_keys_parameter)).signing_key(settings.token_signing_kid)


class EvaluationQueue:
    """The queue of evaluations to do."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: list[str], *, delay_seconds: int = 0) -> list[int]:
        """Send at most ten messages; the indices of those that were refused."""
        reply = self._client.send_message_batch(
            QueueUrl=self._url,
            Entries=[
                {"Id": str(index), "MessageBody": message, "DelaySeconds": delay_seconds}
                for index, message in enumerate(messages)
            ],
        )
        return [int(failed["Id"]) for failed in reply.get("Failed", [])]

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a received message for `seconds` from now; then it is delivered again."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


class Mailer:
    """Sends mails through SES."""

    def __init__(self, client: "SESV2Client", sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        self._client.send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [to]},
            Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": text}}}},
        )


class SecretParameter:
    """An SSM parameter of type SecureString. A name may end in `:version`, to get just that one."""

    def __init__(self, name: str, client: "SSMClient | None" = None) -> None:
        self._client: SSMClient = client or _client("ssm")
        self._name = name

    def get(self) -> str | None:
        """Its value, None when there is no such parameter. Raises Busy when the service does not answer, or refuses for
        now."""
        try:
            reply = self._client.get_parameter(Name=self._name, WithDecryption=True)
        except self._client.exceptions.ParameterNotFound:
            return None
        except (HTTPClientError, NoConnection) as error:
            raise Busy("The store of keys does not answer; try again in a moment") from error
        except ClientError as error:
            if error.response["Error"]["Code"] in ("InternalServerError", "ThrottlingException"):
                raise Busy("The store of keys is busy; try again in a moment") from error
            raise
        return reply["Parameter"]["Value"]

    def put(self, value: str) -> int:
        """Store a value in place of the former one; the number of its version."""
        reply = self._client.put_parameter(Name=self._name, Type="SecureString", Value=value, Overwrite=True)
        return reply["Version"]

    def delete(self) -> None:
        """It may be gone already."""
        self._client.delete_parameters(Names=[self._name])
