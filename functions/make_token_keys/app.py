"""The stack's custom resource that makes the key pair of the access tokens.

Its `Generation` is a number: with another one the stack gets a new pair, and the old public key goes on being accepted.
The attributes `SigningKid` and `PublicKeys` go into the functions' environment; the private key stays in the parameter.
"""

import json
from collections.abc import Mapping
from typing import Any

from coach.aws import SecretParameter
from coach.custom_resource import Attributes, custom_resource
from coach.identity.keys import KeyRing
from coach.settings import KeyRingSettings


def keys(request: str, properties: Mapping[str, Any]) -> Attributes:
    """What the other functions are told: the id of the key that signs, and the public keys as a JSON object."""
    ring = KeyRing(SecretParameter(KeyRingSettings.read().token_keys_parameter))
    if request == "Delete":
        ring.forget()
        return {}
    signing, public = ring.turn_to(properties["Generation"])
    return {"SigningKid": signing.kid, "PublicKeys": json.dumps(public)}


handler = custom_resource("token-keys", keys)
