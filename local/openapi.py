"""Writes functions/web/openapi.json, the OpenAPI 3.1 document of the whole API, from the code of its functions.

Run as `make openapi` after a route or a schema has changed; the tests notice when that was forgotten.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any, get_type_hints

from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

FUNCTIONS = Path(__file__).parent.parent / "functions"
DOCUMENT = FUNCTIONS / "web" / "openapi.json"
DESCRIPTION = """Practise product-management interviews in writing: start a session, submit answers, read their scores.

Register to get an access token, and send it as `Authorization: Bearer <token>`. Answers are evaluated in the
background: read an attempt until its status is no longer `pending`."""


def text() -> str:
    """The routes of all functions, the schemas that they use, and which of them need a token."""
    os.environ.setdefault("CORS_ORIGINS", "http://localhost")
    from coach import __version__

    merge = OpenAPIMerge(
        title="PM Interview Coach",
        version=__version__,
        description=DESCRIPTION,
        security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
        on_conflict="error",
    )
    for folder in sorted(path.parent.name for path in FUNCTIONS.glob("*/app.py")):
        app = getattr(importlib.import_module(f"functions.{folder}.app"), "app", None)
        if app is not None:
            merge.add_schema(_schema(app))
    return merge.get_openapi_json_schema() + "\n"


def _schema(app: Any) -> dict[str, Any]:
    """One function's document, with what Powertools does not know: short names, who needs a token, what 204 means."""
    from coach.http import caller as callers

    caller: Any = vars(callers)["CurrentUser"]  # the annotation itself, as a value
    schema: dict[str, Any] = json.loads(app.get_openapi_json_schema())
    for route in app._static_routes + app._dynamic_routes:
        if route.include_in_schema:
            operation = schema["paths"][route.openapi_path][route.method.lower()]
            operation["operationId"] = route.func.__name__
            if caller in get_type_hints(route.func, include_extras=True).values():
                operation["security"] = [{"token": []}]
            operation["responses"].get("204", {}).pop("content", None)
    for never_answered in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        # Powertools' errors, in the place of which we have our own
        schema.get("components", {}).get("schemas", {}).pop(never_answered, None)
    return schema


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(Path.cwd())}")
