"""What answers here, and whether it works."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """Whether the API works, really asked."""

    status: Literal["healthy", "unhealthy"]
    database: Literal["connected", "unavailable"]
    anthropic_api: Literal["configured", "missing"]


class About(BaseModel):
    """What answers here."""

    app: str
    version: str
    status: Literal["running"]
