"""Finds a stack's table and its evaluator's settings: on this machine, or on AWS with the ordinary credentials."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from coach.aws import EvaluationQueue
from coach.settings import QueueSettings
from coach.storage import Storage
from local import settings
from local.errors import LocalError
from local.image import STACK
from local.process import ROOT
from local.stack import endpoint


class StackError(Exception):
    """There is no such stack, or it cannot be reached; the text says what to do."""


@dataclass(frozen=True)
class Stack:
    """`settings` are the environment variables of the function that evaluates, `url` is where the API is."""

    storage: Storage
    queue: EvaluationQueue
    settings: Mapping[str, str]
    url: str


@dataclass(frozen=True)
class Deployed:
    """A stack's name and how it is reached: `client` makes the client of an AWS service. `data_dir` and `url` are those
    of a local one."""

    name: str
    client: Callable[[str], Any]
    data_dir: Path | None = None
    url: str | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say which stack is meant."""
    parser.add_argument(
        "--stack", metavar="NAME", help="a stack on AWS; without it, the one that `make run` has started"
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="of the local stack, if it is not .local/PORT")


def find(options: argparse.Namespace) -> Stack:
    """Raises StackError and LocalError."""
    return _found(deployed(options))


def deployed(options: argparse.Namespace) -> Deployed:
    """Raises StackError and LocalError."""
    if options.stack:
        return _on_aws(options.stack)
    port = settings.port(settings.load(ROOT / ".env"))
    return _on_this_machine(options.data_dir or ROOT / ".local" / str(port), port)


def _on_this_machine(data_dir: Path, port: int) -> Deployed:
    """The stack that `make run` has started on a data directory and a port. Raises StackError."""
    try:
        address = endpoint(data_dir)
    except LocalError as error:
        raise StackError(str(error)) from None
    session = boto3.Session("test", "test", region_name="us-east-1")
    direct = Config(proxies={})

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=address, config=direct)  # type: ignore[call-overload]

    return Deployed(STACK, client, data_dir, f"http://localhost:{port}")


def _on_aws(name: str) -> Deployed:
    session = boto3.Session()
    return Deployed(name, lambda service: session.client(service))  # type: ignore[call-overload]


def _found(stack: Deployed) -> Stack:
    name, client = stack.name, stack.client
    try:
        resources = client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        names = {each["LogicalResourceId"]: each.get("PhysicalResourceId") for each in resources}
        if not names.get("Table") or not names.get("EvaluateAttempt"):
            raise StackError(f"{name} is no stack of this project: it has no Storage or no EvaluateAttempt")
        outputs = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
        function = client("lambda").get_function_configuration(FunctionName=names["EvaluateAttempt"])
    except ClientError as error:
        raise StackError(f"the stack {name} cannot be read: {error}") from None
    except BotoCoreError as error:  # no credentials, no region, no connection
        raise StackError(f"AWS cannot be asked about the stack {name}: {error}") from None
    variables = function["Environment"]["Variables"]
    queue = EvaluationQueue(client("sqs"), QueueSettings.read(variables).evaluation_queue_url)
    url = stack.url or next(str(each["OutputValue"]) for each in outputs if each["OutputKey"] == "ApiUrl")
    return Stack(Storage(client("dynamodb"), names["Table"]), queue, variables, url)
