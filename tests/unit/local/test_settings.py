"""Settings: .env, the environment, and the template parameters made of them."""

from pathlib import Path

import pytest

from local import settings
from local.errors import LocalError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("ANTHROPIC_MODEL=claude", "claude"),
        ("  ANTHROPIC_MODEL = claude  ", "claude"),
        ("export ANTHROPIC_MODEL=claude", "claude"),
        ("ANTHROPIC_MODEL=claude # the good one", "claude"),
        ("ANTHROPIC_MODEL=claude#4", "claude#4"),
        ("ANTHROPIC_MODEL='a # b' # c", "a # b"),
        ('ANTHROPIC_MODEL="it\'s"', "it's"),
        ("ANTHROPIC_MODEL=a=b", "a=b"),
        ("ANTHROPIC_MODEL=", ""),
        ("ANTHROPIC_MODEL= # none", ""),
        ('ANTHROPIC_MODEL="never closed', '"never closed'),
    ],
)
def test_a_line_of_the_file_reads_as_a_shell_would(line: str, value: str) -> None:
    assert settings.parse(f"# a comment\n\n{line}\n") == {"ANTHROPIC_MODEL": value}


def test_a_line_that_sets_nothing_is_named() -> None:
    with pytest.raises(LocalError, match="line 2"):
        settings.parse("PORT=1\nsk-ant-secret")


def test_the_environment_wins_over_the_file_even_when_it_is_empty(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("ANTHROPIC_API_KEY=from-file\nANTHROPIC_MODEL=from-file\nPORT=1\n")

    loaded = settings.load(file, {"ANTHROPIC_API_KEY": "", "ANTHROPIC_MODEL": "from-environment", "HOME": "/"})

    assert loaded == {"ANTHROPIC_MODEL": "from-environment", "PORT": "1"}


def test_without_a_file_the_environment_is_enough(tmp_path: Path) -> None:
    assert settings.load(tmp_path / ".env", {"PORT": "9000"}) == {"PORT": "9000"}


@pytest.mark.parametrize("value", ["0", "65536", "-1", "80 02", "http", "८००२x"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(LocalError, match="PORT"):
        settings.port({"PORT": value})


def test_every_parameter_is_given_so_that_none_keeps_its_former_value() -> None:
    assert settings.parameters({}, 8002) == {
        "AnthropicApiKey": "",
        "AnthropicBaseUrl": "",
        "AnthropicModel": "",
        "AnthropicMaxTokens": "",
        "AnthropicEffort": "",
        "CorsOrigins": "http://localhost:8002,http://127.0.0.1:8002",
    }


def test_origins_follow_the_port_unless_they_are_set() -> None:
    assert settings.parameters({}, 9000)["CorsOrigins"] == "http://localhost:9000,http://127.0.0.1:9000"
    assert settings.parameters({"CORS_ORIGINS": "https://a.example"}, 9000)["CorsOrigins"] == "https://a.example"


def test_the_example_file_lists_every_setting() -> None:
    example = Path(__file__).parents[3] / ".env.example"

    assert settings.parse(example.read_text()).keys() == {*settings.PARAMETERS, "PORT"}
