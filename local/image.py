"""The emulator's state after `sam deploy`, with an empty table: what every start begins with a copy of.

It is made again when the build or a parameter changes, upon the former one: the token keys that the stack made for
itself stay, and with them the tokens that people hold.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local import environments
from local.build import RUNTIME, Build
from local.emulator import Emulator, free_port, without_account
from local.process import run
from local.sam_config import deployment
from local.token_keys import TokenKeys

STACK = "pm-interview-coach"


@dataclass(frozen=True)
class Image:
    """What was deployed: the state's folder, and the names that the emulator gave."""

    state: Path
    known_port: int
    prefix: str
    """The API's path at the emulator."""
    table: str
    stream_mappings: tuple[str, ...]
    """The mappings that read the table's stream. They are off in the image: the table must be complete before."""


def ensure(folder: Path, build: Build, parameters: Mapping[str, str], keys: TokenKeys | None = None) -> Image:
    """The image in `folder`, deployed anew where it is not of this build, these parameters and these keys.

    Raises LocalError when the deployment fails; the former image stays.
    """
    values = {**parameters, **RUNTIME, "Production": "false"}
    if keys:
        values["TokenKeyGeneration"] = str(keys.generation)
    digest = hashlib.sha256(f"{build.digest} {sorted(values.items())}".encode()).hexdigest()[:16]
    image = folder / digest
    if not image.exists():
        print("Deploying to the emulator ...", flush=True)
        _deploy(folder, image, build, values, keys)
    for other in folder.iterdir():
        if other != image:
            shutil.rmtree(other)
    saved = json.loads((image / "image.json").read_text())
    return Image(image / "state", saved["known_port"], saved["prefix"], saved["table"], tuple(saved["stream_mappings"]))


def _deploy(folder: Path, image: Path, build: Build, values: Mapping[str, str], keys: TokenKeys | None) -> None:
    new = folder / "new"
    shutil.rmtree(new, ignore_errors=True)
    former = next(folder.glob("*/image.json"), None)
    if former:
        shutil.copytree(former.parent, new)
        known_port = int(json.loads(former.read_text())["known_port"])
    else:
        new.mkdir(parents=True)
        known_port = free_port()
    emulator = Emulator(new / "state", folder.parent / "emulator.log", known_port=known_port)
    try:
        if keys:  # the stack takes the key of its generation where there is one
            keys.put(emulator.client("ssm"), STACK)
        _sam_deploy(emulator, build, values, new, folder.parent / "deploy.log")
        deployed = _describe(emulator, new / "state", known_port)
        for mapping in deployed.stream_mappings:
            emulator.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
        emulator.stop()
    finally:
        emulator.kill()
    (new / "image.json").write_text(json.dumps(asdict(deployed) | {"state": "state"}))
    new.rename(image)  # last: what is interrupted before is thrown away


def _sam_deploy(emulator: Emulator, build: Build, values: Mapping[str, str], folder: Path, log: Path) -> None:
    # A bucket of its own for each deployment: the emulator forgets what buckets held.
    bucket = f"build-{build.digest[:16]}-{os.getpid()}"
    emulator.client("s3").create_bucket(Bucket=bucket)
    with deployment(folder / "samconfig.toml", values) as config:
        sam: list[str | Path] = [environments.ensure("sam").parent / "sam", "deploy", "--config-file", config]
        sam += ["--template-file", build.template, "--stack-name", STACK, "--s3-bucket", bucket]
        sam += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
        run(
            *sam,
            log=log,
            env=without_account(os.environ) | {"AWS_ENDPOINT_URL": emulator.endpoint, "SAM_CLI_TELEMETRY": "0"},
        )


def _describe(emulator: Emulator, state: Path, known_port: int) -> Image:
    resources = emulator.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    ids: dict[str, list[str]] = {}
    for resource in resources:
        ids.setdefault(resource["ResourceType"], []).append(resource["PhysicalResourceId"])
    (api,), (stage,), (table,) = (
        ids["AWS::ApiGateway::RestApi"],
        ids["AWS::ApiGateway::Stage"],
        ids["AWS::DynamoDB::Table"],
    )
    mappings = emulator.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    reading = tuple(m["UUID"] for m in mappings if ":dynamodb:" in m["EventSourceArn"])
    return Image(state, known_port, f"/_aws/execute-api/{api}/{stage}", table, reading)
