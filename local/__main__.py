"""`make run`: serve the app on this machine until Ctrl-C."""

import os
import sys

from local import settings
from local.emulator import without_account
from local.errors import LocalError
from local.process import ROOT, stop_when_told
from local.stack import LocalStack


def main() -> None:
    stop_when_told()
    environment = without_account(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        loaded = settings.load(ROOT / ".env")
        with LocalStack(settings.port(loaded), settings=loaded) as stack:
            print(_greeting(stack), flush=True)
            stack.wait()
    except LocalError as error:
        sys.exit(f"pm-interview-coach: {error}")
    except KeyboardInterrupt:
        print("\nStopped.")


def _greeting(stack: LocalStack) -> str:
    url = stack.url
    return f"""
PM Interview Coach is at {url}
  {_evaluator(stack)}
  {stack.restored} items restored from {stack.data_dir / "data.sqlite"}
  log of the emulator and the functions: {stack.log}

Try it from another terminal:
  TOKEN=$(curl -s {url}/auth/register -H "Content-Type: application/json" \\
    -d '{{"email":"you@example.com","password":"a long password"}}' | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
  ID=$(curl -s {url}/api/sessions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d '{{"category_filter":"product_design"}}' | sed 's/.*"session_id": *"\\([^"]*\\)".*/\\1/')
  curl -s {url}/api/sessions/$ID/attempts -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d '{{"question_id":1,"answer_text":"I would first ask who the product is for and what they try to get done."}}'

Ctrl-C stops it."""


def _evaluator(stack: LocalStack) -> str:
    if not stack.parameters["AnthropicApiKey"]:
        return "no ANTHROPIC_API_KEY: the offline evaluator grades"
    return f"Claude grades ({stack.parameters['AnthropicModel'] or 'its default model: ANTHROPIC_MODEL is not set'})"


if __name__ == "__main__":
    main()
