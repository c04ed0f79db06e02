"""What SAM is told in a file, and nobody can read."""

import tomllib
from pathlib import Path

from local.sam_config import deployment

AWKWARD = 'sk-"a\\b $x'


def test_parameters_and_options_are_told_in_a_file_of_ones_own_that_goes_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "build" / "samconfig.toml"

    with deployment(file, {"AnthropicApiKey": AWKWARD}, stack_name="coach", resolve_s3=True) as config:
        mode = config.stat().st_mode & 0o777
        told = tomllib.loads(config.read_text())["default"]["deploy"]["parameters"]

    assert mode == 0o600
    assert told["stack_name"] == "coach"
    assert told["resolve_s3"] is True
    assert told["parameter_overrides"] == ['AnthropicApiKey="sk-\\"a\\\\b $x"']
    assert not file.exists()
