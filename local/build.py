"""What Lambda gets, built by SAM and compiled to .pyc: `python -m local.build`; `local.deploy` builds for AWS."""

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from local import environments
from local.errors import LocalError
from local.process import ROOT, locked, run

HERE = ROOT / ".aws-sam" / "build"
AWS = ROOT / ".aws-sam" / "aws" / "build"
INPUTS = ("template.yaml", "layers", "functions", "requirements/sam.txt", "local/build.py")

RUNTIME = {
    "PythonRuntime": f"python{sys.version_info.major}.{sys.version_info.minor}",
    "Architecture": "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64",
}
"""The template parameters that name this machine's own Python and processor."""


@dataclass(frozen=True)
class Build:
    template: Path
    digest: str
    """Changes whenever the build does."""


def ensure(folder: Path = HERE, parameters: Mapping[str, str] = RUNTIME) -> Build:
    """Build into `folder`, unless it holds just that already. Raises LocalError when SAM fails."""
    python = environments.ensure("sam")
    stamp = folder.with_suffix(".digest")
    with locked(folder.with_suffix(".lock")):
        digest = digest_of(*(ROOT / name for name in INPUTS), note=f"{sys.version} {parameters}")
        if not (stamp.exists() and stamp.read_text() == digest):
            print("Building the functions (a minute or two the first time) ...", flush=True)
            stamp.unlink(missing_ok=True)
            _build(python, folder, parameters)
            stamp.write_text(digest)  # last: an interrupted build is done again
    return Build(folder / "template.yaml", digest)


def _build(python: Path, folder: Path, parameters: Mapping[str, str]) -> None:
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    # SAM wants the runtime's interpreter on PATH, and pip in it: the environment that SAM itself lives in has both.
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    sam: list[str | Path] = [python.parent / "sam", "build", "--parallel", "--build-dir", folder]
    sam += ["--cached", "--cache-dir", folder.with_suffix(".cache")]
    sam += ["--parameter-overrides", *overrides] if overrides else []
    run(
        *sam,
        log=folder.with_suffix(".log"),
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PATH": path, "SAM_CLI_TELEMETRY": "0"},
    )
    [layer] = folder.glob("*/python")
    functions = sorted(path for path in folder.iterdir() if path.is_dir() and path != layer.parent)
    for function in functions:
        _leave_to_layer(function, layer)
    _compile_templates(python, layer, folder / "Web")
    # Unchecked: Lambda's files have other times than these. Tracebacks name the paths on Lambda.
    compiler: list[str | Path] = [python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    for source, target in [(layer, "/opt/python"), *((function, "/var/task") for function in functions)]:
        run(*compiler, "-s", source, "-p", target, source, log=folder.with_suffix(".compile.log"))


def _compile_templates(python: Path, layer: Path, web: Path) -> None:
    """Templates become Python modules. Jinja is where the pages are, whose function alone needs it."""
    path = os.pathsep.join(map(str, (layer, web)))
    command: list[str | Path] = [python, "-m", "coach.web.rendering", layer / "coach" / "web" / "compiled"]
    run(*command, log=layer.parent.with_suffix(".templates.log"), env={**os.environ, "PYTHONPATH": path})


def _leave_to_layer(function: Path, layer: Path) -> None:
    """Remove the libraries that the layer has as well. SAM brings them along for what the function adds."""
    shared = {library.name for library in distributions(path=[str(layer)])}
    for library in list(distributions(path=[str(function)])):
        if library.name in shared:
            for file in library.files or ():
                Path(str(file.locate())).unlink(missing_ok=True)
    for emptied in sorted(function.rglob("*/"), reverse=True):
        with contextlib.suppress(OSError):  # it holds something
            emptied.rmdir()


def digest_of(*paths: Path, note: str = "") -> str:
    """A digest of the files' names and contents, without caches and hidden files."""
    digest = hashlib.sha256(note.encode())
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(ROOT if file.is_relative_to(ROOT) else path)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
            if file.is_file() and not hidden:
                digest.update(f"{name}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        ensure()
    except LocalError as error:
        sys.exit(str(error))
