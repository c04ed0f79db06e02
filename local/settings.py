"""The settings: from the environment, else from .env, as `.env.example` lists them."""

import os
from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalError

PARAMETERS = {
    "ANTHROPIC_API_KEY": "AnthropicApiKey",
    "ANTHROPIC_BASE_URL": "AnthropicBaseUrl",
    "ANTHROPIC_MODEL": "AnthropicModel",
    "ANTHROPIC_MAX_TOKENS": "AnthropicMaxTokens",
    "ANTHROPIC_EFFORT": "AnthropicEffort",
    "CORS_ORIGINS": "CorsOrigins",
}
"""The template parameter that each setting becomes."""


def load(file: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings that are set to something. Raises LocalError for a line of `file` that is not NAME=VALUE."""
    settings = parse(file.read_text(encoding="utf-8")) if file.exists() else {}
    settings |= {name: environment[name] for name in [*PARAMETERS, "PORT"] if name in environment}
    return {name: value for name, value in settings.items() if value}


def parse(text: str) -> dict[str, str]:
    """NAME=VALUE lines; `export`, blank lines, # comments and quotes as in a shell, but nothing is expanded."""
    settings = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise LocalError(f".env, line {number}: expected NAME=VALUE")
        settings[name.strip()] = _unquoted(value.strip())
    return settings


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"'):
        inside, closing, _ = value[1:].partition(value[0])
        return inside if closing else value
    return value.partition(" #")[0].rstrip() if not value.startswith("#") else ""


def port(settings: Mapping[str, str]) -> int:
    """The port to serve on. Raises LocalError when PORT is not one."""
    value = settings.get("PORT", "8002")
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise LocalError(f"PORT must be a number from 1 to 65535, not {value!r}")
    return int(value)


def parameters(settings: Mapping[str, str], port: int) -> dict[str, str]:
    """The template parameters; all of them, since SAM would keep the former value of one that is missing."""
    settings = {"CORS_ORIGINS": f"http://localhost:{port},http://127.0.0.1:{port}", **settings}
    return {parameter: settings.get(name, "") for name, parameter in PARAMETERS.items()}
