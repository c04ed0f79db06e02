"""Writes functions/web/openapi.json, the OpenAPI 3.1 document of the whole API, from the code of its functions.

Run as `make openapi` after a route or a schema has changed; the tests notice when that was forgotten.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any, get_type_hints

FUNCTIONS = Path(__file__).parent.parent / "functions"
DOCUMENT = FUNCTIONS / "web" / "openapi.json"
DESCRIPTION = """Practise product-management interviews in writing: start a session, submit answers, read their scores.

Register to get an access token, and send it as `Authorization: Bearer <token>`. Answers are evaluated in the
background: read an attempt until its status is no longer `pending`."""


def document() -> dict[str, Any]:
    """The routes of all functions, the schemas that they use, and which of them need a token."""
    os.environ.setdefault("CORS_ORIGINS", "http://localhost")
    from coach import __version__
    from coach.http import caller as callers

    caller: Any = vars(callers)["CurrentUser"]  # the annotation itself, as a value
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for folder in sorted(path.parent.name for path in FUNCTIONS.glob("*/app.py")):
        app = getattr(importlib.import_module(f"functions.{folder}.app"), "app", None)
        if app is None:
            continue
        routes = {
            (route.openapi_path, route.method.lower()): route.func for route in app._static_routes + app._dynamic_routes
        }
        part = json.loads(app.get_openapi_json_schema())
        schemas |= part.get("components", {}).get("schemas", {})
        for path, operations in part["paths"].items():
            for method, operation in operations.items():
                route = routes[path, method]
                operation["operationId"] = route.__name__
                if caller in get_type_hints(route, include_extras=True).values():
                    operation["security"] = [{"token": []}]
                operation["responses"].get("204", {}).pop("content", None)
                paths.setdefault(path, {})[method] = operation
    for never_answered in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(never_answered, None)  # Powertools' own errors, in the place of which there are ours
    return {
        "openapi": "3.1.0",
        "info": {"title": "PM Interview Coach", "version": __version__, "description": DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(Path.cwd())}")
