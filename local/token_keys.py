"""The token keys of a local stack that have been turned while it ran: what it runs on is thrown away when it stops."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TokenKeys:
    """`ring` is what the stack's parameter holds: the private keys, see `coach.identity.keys`."""

    generation: int
    ring: str

    def put(self, ssm: Any, stack: str) -> None:
        ssm.put_parameter(Name=parameter(stack), Type="SecureString", Value=self.ring, Overwrite=True)

    def keep(self, data_dir: Path) -> None:
        """Have every start begin with them."""
        new = _file(data_dir).with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(self)))
        new.rename(_file(data_dir))


def kept(data_dir: Path) -> TokenKeys | None:
    """None while they have never been turned."""
    try:
        return TokenKeys(**json.loads(_file(data_dir).read_text()))
    except FileNotFoundError:
        return None


def parameter(stack: str) -> str:
    """The name of the parameter that template.yaml gives them."""
    return f"/{stack}/token-keys"


def _file(data_dir: Path) -> Path:
    return data_dir / "token-keys.json"
