"""Settings: .env, the environment, and the template parameters made of them."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from local import settings
from local.errors import LocalError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


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
        ("ANTHROPIC_MODEL=${HOME} $HOME", "${HOME} $HOME"),
        ("ANTHROPIC_MODEL=", None),
        ("ANTHROPIC_MODEL= # none", None),
    ],
)
def test_a_line_of_the_file_reads_as_a_shell_would_but_nothing_is_expanded(
    file: Path, line: str, value: str | None
) -> None:
    file.write_text(f"# a comment\n\n{line}\n")

    assert settings.load(file, {}).get("ANTHROPIC_MODEL") == value


@pytest.mark.parametrize(
    "line",
    ["sk-ant-secret", "=sk-ant-secret", "ANTHROPIC KEY=x", "ANTHROPIC-KEY=x", 'CORS_ORIGINS="x', "CORS_ORIGINS='x'y"],
)
def test_a_line_that_sets_nothing_is_named(file: Path, line: str) -> None:
    file.write_text(f"PORT=1\n\n{line}\nANTHROPIC_MODEL='x'\n")

    with pytest.raises(LocalError, match=r"^\.env, line 3: [^\n]*NAME=VALUE") as error:
        settings.load(file, {})

    assert "secret" not in str(error.value)


def test_a_name_that_is_no_setting_is_told_and_passed_over(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("PORT=1\nANTHROPIC_KEY=sk-ant-secret\n")

    assert settings.load(file, {}) == {"PORT": "1"}
    assert capsys.readouterr().err == ".env, line 2: ANTHROPIC_KEY is no setting, see .env.example\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_lines_make_no_difference(file: Path, end: str) -> None:
    file.write_bytes(f"ANTHROPIC_API_KEY=sk-x{end}PORT=1{end}".encode("utf-8-sig"))

    assert settings.load(file, {}) == {"ANTHROPIC_API_KEY": "sk-x", "PORT": "1"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_another_encoding_is_one_line(file: Path, encoding: str) -> None:
    file.write_bytes("ANTHROPIC_API_KEY=sk-é\n".encode(encoding))

    with pytest.raises(LocalError, match=r"^\.env[^\n]+UTF-8"):
        settings.load(file, {})


def test_a_folder_in_the_files_place_is_one_line(file: Path) -> None:
    file.mkdir()

    with pytest.raises(LocalError, match=r"^\.env cannot be read: [^\n]+"):
        settings.load(file, {})


def test_the_environment_wins_over_the_file_even_when_it_is_empty(file: Path) -> None:
    file.write_text("ANTHROPIC_API_KEY=from-file\nANTHROPIC_MODEL=from-file\nPORT=1\n")

    loaded = settings.load(file, {"ANTHROPIC_API_KEY": "", "ANTHROPIC_MODEL": "from-environment", "HOME": "/"})

    assert loaded == {"ANTHROPIC_MODEL": "from-environment", "PORT": "1"}


def test_without_a_file_the_environment_is_enough(file: Path) -> None:
    assert settings.load(file, {"PORT": "9000"}) == {"PORT": "9000"}


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
        "MailFrom": "pm-interview-coach@localhost",
        "OidcIssuer": "",
        "OidcAudience": "",
    }


@pytest.mark.parametrize("name", ["OIDC_ISSUER", "OIDC_AUDIENCE"])
def test_an_issuer_and_an_audience_go_together(name: str) -> None:
    with pytest.raises(LocalError, match="OIDC_ISSUER and OIDC_AUDIENCE"):
        settings.parameters({name: "https://example.com"}, 8002)


def test_origins_follow_the_port_unless_they_are_set() -> None:
    assert settings.parameters({}, 9000)["CorsOrigins"] == "http://localhost:9000,http://127.0.0.1:9000"
    assert settings.parameters({"CORS_ORIGINS": "https://a.example"}, 9000)["CorsOrigins"] == "https://a.example"


def test_the_example_file_lists_every_setting() -> None:
    example = Path(__file__).parents[3] / ".env.example"

    assert dotenv_values(example).keys() == set(settings.NAMES)
