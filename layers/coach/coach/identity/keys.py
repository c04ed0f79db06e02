"""The key pairs that sign tokens, one per generation, in an encrypted parameter of the stack's."""

import json
import secrets
from typing import Protocol

from coach.identity.tokens import SigningKey


class Parameter(Protocol):
    """One encrypted text that outlives deployments; None while there is none."""

    def get(self) -> str | None: ...
    def put(self, value: str) -> int: ...
    def delete(self) -> None: ...


class KeyRing:
    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter

    def signing_key(self, kid: str) -> SigningKey:
        """The key that tokens are signed with: that of the environment's `kid`."""
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
        self._parameter.put(json.dumps(seeds))
        keys = [_signing_key(seed) for seed in seeds.values()]
        return keys[-1], {key.kid: key.public_hex for key in keys}

    def forget(self) -> None:
        """Delete all keys; they may be gone already."""
        self._parameter.delete()

    def _seeds(self) -> dict[str, str]:
        """Private keys as hexadecimal digits by generation, in the order in which they came into use."""
        seeds: dict[str, str] = json.loads(self._parameter.get() or "{}")
        return seeds


def _signing_key(seed: str) -> SigningKey:
    return SigningKey.made(bytes.fromhex(seed))
