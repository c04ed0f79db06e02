"""The templates of pages, and the files that pages need.

    python -m coach.web.rendering FOLDER      # compiles the templates into a folder

`make build` compiles them into `compiled`, beside the templates: to do that at every start would take some 400 ms.
"""

import hashlib
import sys
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, ModuleLoader, StrictUndefined

from coach.model import Category, points
from coach.web import words

HERE = Path(__file__).parent


COMPILED = HERE / "compiled"


@cache
def environment() -> Environment:
    found = Environment(
        loader=ModuleLoader(COMPILED) if COMPILED.exists() else FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters |= {
        "band": words.band,
        "counted": words.counted,
        "first_sentence": words.first_sentence,
        "minutes": words.minutes,
        "points": points,
        "sentence_case": lambda text: f"{text[:1].upper()}{text[1:]}",
    }
    found.globals |= {
        "categories": tuple(Category),
        "grader": words.grader,
        "static": lambda root, name: f"{root}/static/{static_version()}/{name}",
    }
    return found


@cache
def static_version() -> str:
    """Of all files together, since a style names fonts beside it."""
    files = static_files()
    return hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()[:12]


@cache
def static_files() -> dict[str, bytes]:
    swagger_ui = resources.files("aws_lambda_powertools") / "event_handler" / "openapi" / "swagger_ui"
    files = [*(HERE / "static").iterdir(), swagger_ui / "swagger-ui-bundle.min.js", swagger_ui / "swagger-ui.min.css"]
    return {each.name: each.read_bytes() for each in files}


if __name__ == "__main__":
    environment().compile_templates(sys.argv[1], zip=None, ignore_errors=False)
