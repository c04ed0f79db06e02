"""`make rotate-keys`: sign access tokens with a new key.

The stack makes the key, every function learns of it, and then new tokens are signed with it. Tokens of the key before
it stay good until they expire, so that nobody is signed out. Those of older keys end at once: whoever has to end all
tokens, because a key has leaked, turns the keys twice.

Exits with 0 when it is done, 1 when the update failed (the stack is as it was then), 2 when it could not begin.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from coach.aws import SecretParameter
from coach.identity.keys import KeyRing
from coach.identity.tokens import LIFETIME
from local.errors import LocalError
from local.process import stop_when_told
from local.token_keys import TokenKeys, parameter
from operations import stacks
from operations.stacks import Deployed, StackError

DONE, FAILED, NOT_BEGUN, INTERRUPTED = 0, 1, 2, 130
GENERATION = "TokenKeyGeneration"
PATIENCE = {"Delay": 2, "MaxAttempts": 1800}
"""Seconds between two looks at the stack, and how many."""


def main(
    arguments: Sequence[str] | None = None, *, find: Callable[[argparse.Namespace], Deployed] = stacks.deployed
) -> int:
    parser = argparse.ArgumentParser(
        prog="make rotate-keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stacks.add_options(parser)
    options = parser.parse_args(arguments)
    try:
        stack = find(options)
        generation = _turn(stack)
    except (StackError, LocalError) as error:
        print(f"make rotate-keys: {error}", file=sys.stderr)
        return NOT_BEGUN
    print(f"{stack.name} is being updated: its token keys are turned to generation {generation} ...", flush=True)
    try:
        stack.client("cloudformation").get_waiter("stack_update_complete").wait(
            StackName=stack.name, WaiterConfig=PATIENCE
        )
    except WaiterError as error:
        print(f"make rotate-keys: the update failed; tokens are signed as before: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nStopped waiting; the update goes on.")
        return INTERRUPTED
    hours = LIFETIME.total_seconds() / 3600
    print(
        f"Done. Tokens of the key before are good until they expire, within {hours:.0f} hours; older ones have ended."
    )
    return DONE


def _turn(stack: Deployed) -> int:
    """Have the stack updated to the next generation of keys, and return it. Raises StackError."""
    try:
        cloudformation = stack.client("cloudformation")
        [described] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
        values = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
        generation = _next(stack.name, values)
        if stack.data_dir:
            _keep(stack, generation)
        cloudformation.update_stack(
            StackName=stack.name,
            UsePreviousTemplate=True,
            Parameters=[_unchanged(name) for name in values if name != GENERATION]
            + [{"ParameterKey": GENERATION, "ParameterValue": str(generation)}],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],  # the latter: the template is SAM's
        )
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"the stack {stack.name} cannot be updated: {error}") from None
    return generation


def _next(name: str, values: dict[str, str]) -> int:
    present = values.get(GENERATION, "")
    if not (present.isascii() and present.isdecimal()):
        raise StackError(f"{name} has no {GENERATION} that could be counted on: {present!r}")
    return int(present) + 1


def _unchanged(name: str) -> dict[str, Any]:
    return {"ParameterKey": name, "UsePreviousValue": True}


def _keep(stack: Deployed, generation: int) -> None:
    """Make the key that the stack will take, and keep it for the next `make run`: whatever is interrupted now, the keys
    that are kept are those that sign."""
    assert stack.data_dir  # noqa: S101
    secret = SecretParameter(parameter(stack.name), stack.client("ssm"))
    KeyRing(secret).turn_to(str(generation))
    TokenKeys(generation, secret.get() or "").keep(stack.data_dir)


if __name__ == "__main__":
    stop_when_told()
    sys.exit(main())
