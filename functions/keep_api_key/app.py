"""The stack's custom resource that keeps Claude's API key in an encrypted parameter.

The attribute `Parameter` is the parameter's name with its version: another key gives another version, and so the
evaluator another environment, which makes it read the new key.
"""

from collections.abc import Mapping
from typing import Any

from coach.aws import SecretParameter
from coach.custom_resource import Attributes, custom_resource
from coach.settings import ApiKeySettings


def keep(request: str, properties: Mapping[str, Any]) -> Attributes:
    name = ApiKeySettings.read().anthropic_api_key_parameter
    parameter = SecretParameter(name)
    if request == "Delete":
        parameter.delete()
        return {}
    return {"Parameter": f"{name}:{parameter.put(properties['Key'])}"}


handler = custom_resource("api-key", keep)
