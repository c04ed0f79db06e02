"""Choosing an interpreter, with made-up ones on PATH."""

import subprocess
from pathlib import Path

PYTHON = Path(__file__).parents[3] / "local" / "python"


def interpreter(folder: Path, name: str, version: str | None) -> Path:
    """A program that says that it is Python `version` and where, or that fails as a shim of pyenv does."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text("#!/bin/sh\n" + (f"echo {version} {program}\n" if version else "exit 127\n"))
    program.chmod(0o755)
    return program


def found(path: Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), "HOME": str(home)}
    return subprocess.run(["/bin/sh", PYTHON], env=environment, capture_output=True, text=True, check=False)


def test_the_newest_supported_version_is_taken(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3.11", "3.11")
    newest = interpreter(tmp_path, "python3.12", "3.12")
    interpreter(tmp_path, "python3", "3.14")

    assert found(tmp_path, tmp_path).stdout == f"3.12 {newest}\n"


def test_a_shim_that_fails_is_passed_over_for_the_one_that_pyenv_keeps(tmp_path: Path) -> None:
    interpreter(tmp_path / "bin", "python3.13", None)
    interpreter(tmp_path / "bin", "python3", "3.12")
    kept = interpreter(tmp_path / ".pyenv" / "versions" / "3.13.1" / "bin", "python", "3.13")

    assert found(tmp_path / "bin", tmp_path).stdout == f"3.13 {kept}\n"


def test_a_plain_python3_of_a_supported_version_will_do(tmp_path: Path) -> None:
    plain = interpreter(tmp_path, "python3", "3.11")

    assert found(tmp_path, tmp_path).stdout == f"3.11 {plain}\n"


def test_without_one_there_is_a_single_line_that_says_so(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3", "3.9")

    result = found(tmp_path, tmp_path)

    assert result.returncode != 0
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "No Python 3.11" in result.stderr
