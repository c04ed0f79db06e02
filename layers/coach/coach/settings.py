"""The environment of a function, validated. Each variable is named here, and template.yaml sets it.

    TableSettings.read().table_name      # TABLE_NAME

A model is the variables that one part needs. An empty variable counts as missing: CloudFormation passes an empty
parameter on as one.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Json, ValidationError

ISSUER_PATTERN = r"^(https://[^\s?#]+|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s?#]*)?)$"
Effort = Literal["low", "medium", "high", "xhigh", "max"]


class InvalidSetting(Exception):
    """A variable of the environment that is missing or of no use; the text names it and never shows its value."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Raises InvalidSetting for the first variable that is missing or of no use."""
        named = {name: environment.get(name.upper(), "").strip() for name in cls.model_fields}
        try:
            return cls.model_validate({name: text for name, text in named.items() if text})
        except ValidationError as error:
            mistake = error.errors(include_input=False)[0]
            name = str(mistake["loc"][0]).upper()
            if mistake["type"] == "missing":
                raise InvalidSetting(name, "is not set: template.yaml gives it to the functions that need it") from None
            raise InvalidSetting(name, f"cannot be used: {mistake['msg']}") from None


class TableSettings(_Settings):
    table_name: str


def _separated(text: Any) -> list[str]:
    return [each.strip() for each in str(text).split(",")]


class OriginSettings(_Settings):
    """From which origins a browser may call."""

    cors_origins: Annotated[list[str], BeforeValidator(_separated)]


class TokenSettings(_Settings):
    """The public keys that tokens are verified with, hexadecimal, by `kid`."""

    token_public_keys: Json[dict[str, str]]


class OidcSettings(_Settings):
    """The issuer whose tokens are accepted beside our own, if there is one."""

    oidc_issuer: str | None = None


class IssuerSettings(_Settings):
    """An issuer as its tokens name it, and what they are for. Only on this machine it may do without TLS."""

    oidc_issuer: Annotated[str, Field(pattern=ISSUER_PATTERN)]
    oidc_audience: str


class KeyRingSettings(_Settings):
    """The parameter that holds the private keys of tokens."""

    token_keys_parameter: str


class SigningSettings(KeyRingSettings):
    """And the key that signs."""

    token_signing_kid: str


class LimitSettings(_Settings):
    """How many evaluations a day may be asked for: by one user, and by all (0: without limit)."""

    daily_attempt_limit: Annotated[int, Field(ge=1)]
    daily_evaluation_budget: Annotated[int, Field(ge=0)] = 0


class QueueSettings(_Settings):
    evaluation_queue_url: str


class MailSettings(_Settings):
    """Whom mails come from; without it none are sent."""

    mail_from: str | None = None


class LeaseSettings(_Settings):
    lease_seconds: Annotated[int, Field(ge=1)]


class ApiKeySettings(_Settings):
    """The parameter that holds Claude's API key."""

    anthropic_api_key_parameter: str


def _key(text: str) -> str:
    if not text.isascii() or any(map(str.isspace, text)):
        raise ValueError("it has characters that no key has")
    return text


WholeNumber = Annotated[int, Field(ge=1, le=1_000_000)]


class GraderSettings(_Settings):
    """Who grades. Without `evaluator` it is claude where there is a key, and offline where there is none.

    On Lambda the key is in an encrypted parameter, whose name and version is in `anthropic_api_key_parameter`.
    """

    evaluator: Literal["claude", "bedrock", "offline"] | None = None
    anthropic_api_key: Annotated[str, AfterValidator(_key)] | None = None
    anthropic_api_key_parameter: str | None = None
    anthropic_base_url: Annotated[str, Field(pattern="^https?://")] | None = None
    anthropic_model: str | None = None
    anthropic_max_tokens: WholeNumber = 16_000
    anthropic_effort: Effort | None = None
    evaluation_deadline_seconds: WholeNumber = 75
    aws_region: str | None = None

    @property
    def grader(self) -> Literal["claude", "bedrock", "offline"]:
        return self.evaluator or ("claude" if self.anthropic_api_key else "offline")
