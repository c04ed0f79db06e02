"""What `sam deploy` is told in a file, since everyone on a machine can read the arguments of a process."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def deployment(file: Path, values: Mapping[str, str], **options: Any) -> Iterator[Path]:
    """A configuration with template parameters, and with options of `sam deploy`; it is gone afterwards."""
    overrides = [f"{name}={json.dumps(value)}" for name, value in values.items()]
    settings = {**options, "parameter_overrides": overrides} if overrides else options
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    try:
        file.write_text("\n".join(["version = 0.1", "[default.deploy.parameters]", *lines, ""]))
        yield file
    finally:
        file.unlink()
