"""The settings: from the environment, else from .env, as `.env.example` lists them."""

import os
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from local.errors import LocalError

PARAMETERS = {
    "ANTHROPIC_API_KEY": "AnthropicApiKey",
    "ANTHROPIC_BASE_URL": "AnthropicBaseUrl",
    "ANTHROPIC_MODEL": "AnthropicModel",
    "ANTHROPIC_MAX_TOKENS": "AnthropicMaxTokens",
    "ANTHROPIC_EFFORT": "AnthropicEffort",
    "CORS_ORIGINS": "CorsOrigins",
    "MAIL_FROM": "MailFrom",
    "OIDC_ISSUER": "OidcIssuer",
    "OIDC_AUDIENCE": "OidcAudience",
}
"""The template parameter that each setting becomes."""

NAMES = (*PARAMETERS, "PORT")


def load(file: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings that are set to something. Raises LocalError, with the line, for a `file` that cannot be read."""
    settings = _read(file) | {name: environment[name] for name in NAMES if name in environment}
    return {name: value for name, value in settings.items() if value}


def _read(file: Path) -> dict[str, str]:
    """NAME=VALUE lines as python-dotenv reads them, except that nothing is expanded and nothing is passed over."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise LocalError(f"{file.name} is not text in UTF-8: save it as that") from None
    except OSError as error:
        raise LocalError(f"{file.name} cannot be read: {error.strerror}") from None
    settings = {}
    for number, line in enumerate(text.splitlines(), 1):  # line by line: a quote left open does not take the next ones
        where = f"{file.name}, line {number}"
        for name, value, _, garbled in parse_stream(StringIO(line)):
            if garbled or (name and (value is None or not name.isidentifier())):
                raise LocalError(f"{where}: expected NAME=VALUE, and a quote at both ends or at none")
            if name in NAMES:
                settings[name] = value or ""
            elif name:
                print(f"{where}: {name} is no setting, see .env.example", file=sys.stderr)
    return settings


def port(settings: Mapping[str, str]) -> int:
    """The port to serve on. Raises LocalError when PORT is not one."""
    value = settings.get("PORT", "8002")
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise LocalError(f"PORT must be a number from 1 to 65535, not {value!r}")
    return int(value)


def parameters(settings: Mapping[str, str], port: int) -> dict[str, str]:
    """The template parameters; all of them, since SAM would keep the former value of one that is missing.

    Raises LocalError for what the template's Rules refuse on AWS.
    """
    if ("OIDC_ISSUER" in settings) != ("OIDC_AUDIENCE" in settings):
        raise LocalError("OIDC_ISSUER and OIDC_AUDIENCE go together: set both or none")
    origins = f"http://localhost:{port},http://127.0.0.1:{port}"
    settings = {"CORS_ORIGINS": origins, "MAIL_FROM": "pm-interview-coach@localhost", **settings}
    return {parameter: settings.get(name, "") for name, parameter in PARAMETERS.items()}
