"""Reads the parts of a SAM template that the emulator leaves to us."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short intrinsics: `!Sub x` reads as {"Fn::Sub": x}."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    key = name if name in ("Ref", "Condition") else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        return {key: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    return {key: loader.construct_mapping(node, deep=True)} if isinstance(node, yaml.MappingNode) else {}


_Loader.add_multi_constructor("!", _intrinsic)


MESSAGE = '{"message":$context.error.messageString}'
"""API Gateway's own body, where the template has none."""


@dataclass(frozen=True)
class GatewayResponse:
    """What API Gateway answers when it, not a function, has the last word. None keeps its own status."""

    status: int | None
    headers: dict[str, str]
    body: str


def gateway_responses(template: Path) -> dict[str, GatewayResponse]:
    """The API's GatewayResponses by response type. Only what is written out counts: no !Ref, no !Sub."""
    # A safe loader, with tags that become plain dictionaries.
    resources = yaml.load(template.read_text(encoding="utf-8"), _Loader)["Resources"].values()  # noqa: S506
    api = next(resource["Properties"] for resource in resources if resource["Type"] == "AWS::Serverless::Api")
    return {kind: _gateway_response(spec) for kind, spec in api.get("GatewayResponses", {}).items()}


def _gateway_response(spec: dict[str, Any]) -> GatewayResponse:
    headers = spec.get("ResponseParameters", {}).get("Headers", {})
    return GatewayResponse(
        status=int(spec["StatusCode"]) if "StatusCode" in spec else None,
        headers={name.lower(): value.strip("'") for name, value in headers.items()},  # 'quoted': meant as it is
        body=spec.get("ResponseTemplates", {}).get("application/json", MESSAGE),
    )
