"""Reads a SAM template, and the parts of it that the emulator leaves to us."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

MESSAGE = '{"message":$context.error.messageString}'
"""API Gateway's own body, where the template has none."""


@dataclass(frozen=True)
class GatewayResponse:
    """What API Gateway answers when it, not a function, has the last word. None keeps its own status."""

    status: int | None
    headers: dict[str, str]
    body: str


def read(template: Path) -> dict[str, Any]:
    """The template, with short intrinsics written out: `!Sub x` reads as {"Fn::Sub": x}."""
    found: dict[str, Any] = yaml_parse(template.read_text(encoding="utf-8"))
    return found


def gateway_responses(template: Path) -> dict[str, GatewayResponse]:
    """The API's GatewayResponses by response type. Only what is written out counts: no !Ref, no !Sub."""
    resources = read(template)["Resources"].values()
    api = next(resource["Properties"] for resource in resources if resource["Type"] == "AWS::Serverless::Api")
    return {kind: _gateway_response(spec) for kind, spec in api.get("GatewayResponses", {}).items()}


def _gateway_response(spec: dict[str, Any]) -> GatewayResponse:
    headers = spec.get("ResponseParameters", {}).get("Headers", {})
    return GatewayResponse(
        status=int(spec["StatusCode"]) if "StatusCode" in spec else None,
        headers={name.lower(): value.strip("'") for name, value in headers.items()},  # 'quoted': meant as it is
        body=spec.get("ResponseTemplates", {}).get("application/json", MESSAGE),
    )
