"""`make invoke FUNCTION=get_session`: run a function in Lambda's container, against the stack that `make run` serves.

`sam local invoke` is told what it cannot know by itself: the settings of the deployed function, an address at which its
container reaches the emulator, and an event with a token, about practice that exists. The response goes to stdout,
everything else to stderr.
"""

import argparse
import asyncio
import contextlib
import inspect
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import docker  # type: ignore[import-untyped]
from botocore.exceptions import ClientError
from docker.errors import DockerException, ImageNotFound  # type: ignore[import-untyped]

from coach.aws import SecretParameter
from coach.identity.keys import KeyRing
from coach.storage import Storage
from local import build, environments, example, relay, settings
from local.emulator import without_account
from local.errors import LocalError
from local.image import STACK
from local.process import ROOT, stop_when_told
from local.stack import endpoint
from local.template import read

VERSION = build.RUNTIME["PythonRuntime"].removeprefix("python")
IMAGE = f"public.ecr.aws/lambda/python:{VERSION}-{build.RUNTIME['Architecture']}"
"""What `sam local` runs functions of this machine's Python and processor in."""

ITS_PYTHON = """exec "$(command -v python3 || find / -path '*/bin/python3' | head -n 1)" -c "$0" """
"""A shell's command that runs the program it is given in the Python of an image, which need not be on its PATH."""


@dataclass(frozen=True)
class Invocation:
    function: str
    """Its logical id."""
    variables: Mapping[str, str]
    event: Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    stop_when_told()
    environment = without_account(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            response = invoke(_options(arguments))
    except LocalError as error:
        print(f"pm-interview-coach: {error}", file=sys.stderr)
        return 1
    except DockerException as error:
        print(f"pm-interview-coach: Docker has refused: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    print(json.dumps(legible(response), indent=2, ensure_ascii=False))
    return int(has_failed(response))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make invoke")
    parser.add_argument("function", help="the name of its folder")
    parser.add_argument("event", nargs="?", type=Path, help="a file, if it is not the function's of events/")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="of the local stack, if it is not .local/PORT")
    return parser.parse_args(arguments)


def invoke(options: argparse.Namespace) -> Any:
    """The function's response, or what a custom resource has answered. Raises LocalError and DockerException."""
    function = logical_id(options.function)
    event = _text(options.event or example.EVENTS / f"{options.function}.json")
    data_dir = options.data_dir or ROOT / ".local" / str(settings.port(settings.load(ROOT / ".env")))
    address = endpoint(data_dir)
    engine = _engine()
    template = build.ensure().template
    _fetch_image(engine)

    os.environ["AWS_ENDPOINT_URL"] = address  # of the clients made here
    emulator = f"pm-interview-coach-{os.getpid()}"
    variables = _deployed_with(function) | {
        "AWS_ENDPOINT_URL": f"http://{emulator}:{relay.FOR_FUNCTIONS}",
        "NO_PROXY": emulator,  # Docker passes on the proxy that it is configured with
        "no_proxy": emulator,
    }
    if example.is_about(event):
        practice = example.prepare(Storage(boto3.client("dynamodb"), variables["TABLE_NAME"]), options.function)
        print(f"The example's user, {example.ABOUT.user_id}, has {practice}.")
        event = event.replace("${TOKEN}", _token())

    def run(invocation: Invocation) -> Any:
        print(f"Running {options.function} in {IMAGE} ...", flush=True)
        return asyncio.run(_in_container(engine, emulator, int(address.rpartition(":")[2]), template, invocation))

    invocation = Invocation(function, variables, json.loads(event))
    if "ResponseURL" not in invocation.event:
        return run(invocation)
    with _as_cloudformation(invocation, emulator) as (asked, answer):
        run(asked)
        return answer()


def logical_id(folder: str) -> str:
    """A function's id in template.yaml, by the name of its folder. Raises LocalError, naming those there are."""
    there: dict[str, str] = {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): name
        for name, resource in read(ROOT / "template.yaml")["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    if folder not in there:
        problem = f"there is no function {folder}" if folder else "say which function, as in FUNCTION=get_session"
        raise LocalError(f"{problem}; there are {', '.join(sorted(there))}")
    return there[folder]


def _text(event: Path) -> str:
    try:
        text = event.read_text(encoding="utf-8")
        json.loads(text)
    except OSError as error:
        raise LocalError(f"the event {event} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise LocalError(f"the event {event} is not JSON: {error}") from None
    return text


# What the running stack contributes


def _deployed_with(function: str) -> dict[str, str]:
    """The environment of a function in the running stack."""
    try:
        found = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=function)
    except ClientError:
        raise LocalError(f"the running stack has no {function}: start `make run` again") from None
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    return boto3.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]


def _token() -> str:
    """A token of the example's user, signed with the stack's own key: its operator may read that."""
    accounts = _deployed_with("Accounts")
    ring = KeyRing(SecretParameter(accounts["TOKEN_KEYS_PARAMETER"]))
    return ring.signing_key(accounts["TOKEN_SIGNING_KID"]).sign(example.ABOUT.user_id, datetime.now(UTC))


@contextlib.contextmanager
def _as_cloudformation(invocation: Invocation, bucket: str) -> Iterator[tuple[Invocation, Callable[[], Any]]]:
    """The invocation with an address in a bucket for the answer, and a function that reads the answer there.

    What is secret goes into parameters that are gone afterwards: the running stack keeps its own.
    """
    parameters = {
        name: f"{value}-invoke" for name, value in invocation.variables.items() if name.endswith("_PARAMETER")
    }
    address = f"{invocation.variables['AWS_ENDPOINT_URL']}/{bucket}/answer"
    s3 = boto3.client("s3")

    def answer() -> Any:
        try:
            return json.load(s3.get_object(Bucket=bucket, Key="answer")["Body"])
        except s3.exceptions.NoSuchKey:
            raise LocalError("the function has not answered CloudFormation") from None

    s3.create_bucket(Bucket=bucket)
    try:
        yield (
            replace(
                invocation,
                variables={**invocation.variables, **parameters},
                event={**invocation.event, "ResponseURL": address},
            ),
            answer,
        )
    finally:
        s3.delete_object(Bucket=bucket, Key="answer")
        s3.delete_bucket(Bucket=bucket)
        boto3.client("ssm").delete_parameters(Names=list(parameters.values()))


# The container


def _engine() -> Any:
    try:
        engine = docker.from_env()
        engine.ping()
    except DockerException:
        where = os.environ.get("DOCKER_HOST", "its usual place")
        raise LocalError(f"no Docker engine answers at {where}: start Docker, or set DOCKER_HOST") from None
    return engine


def _fetch_image(engine: Any) -> None:
    try:
        engine.images.get(IMAGE)
    except ImageNotFound:
        print(f"Fetching {IMAGE} (once, some 200 MB) ...", flush=True)
        engine.images.pull(*IMAGE.split(":"))


async def _in_container(engine: Any, emulator: str, port: int, template: Path, invocation: Invocation) -> Any:
    with tempfile.TemporaryDirectory(prefix="pm-interview-coach-") as folder:
        files = {
            "template": declaring(template, invocation.function, invocation.variables),
            "env-vars": {invocation.function: invocation.variables},
            "event": invocation.event,
        }
        sam: list[str | Path] = [environments.ensure("sam").parent / "sam", "local", "invoke", invocation.function]
        for option, content in files.items():
            file = Path(folder) / f"{option}.json"
            file.write_text(json.dumps(content))
            sam += [f"--{option}", file]
        sam += ["--docker-network", emulator, "--skip-pull-image"]
        async with _emulator(engine, emulator, port) as address:
            sam += ["--add-host", f"{emulator}:{address}"]  # not every engine tells names to who is in two networks
            sam += ["--parameter-overrides", *(f"{name}={value}" for name, value in build.RUNTIME.items())]
            process = await asyncio.create_subprocess_exec(
                *sam, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
            )
            try:
                printed, _ = await process.communicate()
            finally:
                if process.returncode is None:  # we were interrupted
                    process.terminate()
                    await process.wait()
    try:
        return json.loads(printed)
    except ValueError:
        raise LocalError("the function has not answered; see what `sam local invoke` says above") from None


def declaring(template: Path, function: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """The build's template for any folder, and for `variables`: `sam local` passes on what a function declares."""
    found = read(template)
    for resource in found["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][name] = str(template.parent / resource["Properties"][name])
    found["Resources"][function]["Properties"]["Environment"] = {"Variables": dict.fromkeys(variables, "")}
    return found


@contextlib.asynccontextmanager
async def _emulator(engine: Any, name: str, port: int) -> AsyncIterator[str]:
    """A network of this name, and the address in it that stands for the emulator's port; see `relay`."""
    network = engine.networks.create(name)
    try:
        container = engine.containers.create(
            IMAGE,
            entrypoint=["/bin/sh", "-c", ITS_PYTHON, f"{inspect.getsource(relay)}\nasyncio.run(inside())"],
            name=name,
            network=name,
            ports={relay.FOR_US: ("127.0.0.1", None)},
        )
        container.start()
        container.reload()
        [published] = container.ports[f"{relay.FOR_US}/tcp"]
        bringing = asyncio.create_task(relay.outside(int(published["HostPort"]), port))
        try:
            yield container.attrs["NetworkSettings"]["Networks"][name]["IPAddress"]
        finally:
            bringing.cancel()
    finally:
        for each in engine.containers.list(all=True, filters={"network": name}):  # SAM's too, if it was interrupted
            each.remove(force=True)
        network.remove()


# What is told


def legible(response: Any) -> Any:
    """A response with its body read as JSON, where it is that."""
    if not isinstance(response, dict) or "statusCode" not in response:
        return response
    try:
        return {**response, "body": json.loads(response["body"])}
    except ValueError:
        return response


def has_failed(response: Any) -> bool:
    """Whether the function raised, answered with a server error, or could not do what it was asked."""
    if not isinstance(response, dict):
        return False
    failed = "errorMessage" in response or response.get("Status") == "FAILED" or response.get("batchItemFailures")
    return bool(failed) or response.get("statusCode", 200) >= 500


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
