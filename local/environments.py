"""The virtual environments under .venv/: one for each set of tools that cannot share.

    dev      tests and checks, and all that the functions use
    sam      builds and deploys
    stack    runs the emulator
    runtime  stands for AWS's own Python, for the runtime interface emulator
    import   reads questions out of spreadsheets
    lock     pins the others

Each is made once from requirements/<name>.txt, and again when that file or the interpreter changes. `python -m
local.environments NAME...` makes them; this module runs before anything is installed, so it imports only the library.
"""

import hashlib
import importlib.util
import sys
from pathlib import Path

from local.errors import LocalError
from local.process import ROOT, locked, run

ENVIRONMENTS = ROOT / ".venv"


def ensure(name: str) -> Path:
    """The environment's Python, made or remade where needed. Raises LocalError when it cannot be made."""
    home = ENVIRONMENTS / name
    python = home / "bin" / "python"
    requirements = ROOT / "requirements" / f"{name}.txt"
    stamp = home / "stamp"
    wanted = hashlib.sha256(f"{sys.version} {sys.base_prefix}\n{requirements.read_text()}".encode()).hexdigest()
    with locked(ENVIRONMENTS / f"{name}.lock"):
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        if importlib.util.find_spec("ensurepip") is None:
            raise LocalError(
                f"{sys.executable} cannot make virtual environments; on Debian and Ubuntu: "
                f"apt install python3.{sys.version_info.minor}-venv"
            )
        print(f"Installing the {name} environment (once; log: .venv/{name}.log) ...", file=sys.stderr, flush=True)
        log = ENVIRONMENTS / f"{name}.log"
        stamp.unlink(missing_ok=True)
        run(sys.executable, "-m", "venv", "--clear", home, log=log)
        run(python, "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", "-r", requirements, log=log)
        stamp.write_text(wanted)  # last: an interrupted installation is done again
        return python


if __name__ == "__main__":
    try:
        for name in sys.argv[1:]:
            ensure(name)
    except LocalError as error:
        sys.exit(str(error))
