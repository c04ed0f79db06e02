"""`make deploy`: build for AWS, and deploy there with the settings of .env as template parameters.

Other parameters may be given as NAME=VALUE; what begins with a dash is an option of `sam deploy`. A parameter that is
given nowhere keeps the value that it had.
"""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from local import build, environments, settings
from local.errors import LocalError
from local.process import ROOT
from local.sam_config import deployment


def main(arguments: Sequence[str]) -> int:
    try:
        loaded = settings.load(ROOT / ".env")
        values = {parameter: loaded[name] for name, parameter in settings.PARAMETERS.items() if name in loaded}
        given = [argument for argument in arguments if not argument.startswith("-") and "=" in argument]
        values |= dict(argument.split("=", 1) for argument in given)
        built = build.ensure(build.AWS, {})
        sam = environments.ensure("sam").parent / "sam"
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    options = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["deploy"]["parameters"]
    rest = [argument for argument in arguments if argument not in given]
    with deployment(build.AWS.with_suffix(".samconfig.toml"), values, **options) as config:
        command: list[str | Path] = [sam, "deploy", "--config-file", config, "--template-file", built.template, *rest]
        return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
