"""When an environment is made: once, and again after a change or an interruption."""

from pathlib import Path

import pytest

from local import environments


class Installer:
    """Stands for `venv` and `pip`: counts installations, and is interrupted on demand."""

    def __init__(self) -> None:
        self.installed = 0
        self.interrupted = False

    def __call__(self, *command: str | Path, log: Path) -> None:
        assert log.suffix == ".log"
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True, exist_ok=True)
        elif self.interrupted:
            raise KeyboardInterrupt
        else:
            self.installed += 1


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "sam.txt").write_text("aws-sam-cli==1\n")
    installer = Installer()
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / ".venv")
    monkeypatch.setattr(environments, "run", installer)
    return installer


def test_an_environment_is_made_once(installer: Installer, tmp_path: Path) -> None:
    python = environments.ensure("sam")
    environments.ensure("sam")

    assert python == tmp_path / ".venv" / "sam" / "bin" / "python"
    assert installer.installed == 1


def test_new_requirements_make_it_again(installer: Installer, tmp_path: Path) -> None:
    environments.ensure("sam")
    (tmp_path / "requirements" / "sam.txt").write_text("aws-sam-cli==2\n")
    environments.ensure("sam")

    assert installer.installed == 2


def test_an_interrupted_installation_is_done_again(installer: Installer) -> None:
    installer.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        environments.ensure("sam")
    installer.interrupted = False
    environments.ensure("sam")

    assert installer.installed == 1
