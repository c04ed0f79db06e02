"""`make run`: serve the app on this machine until Ctrl-C."""

import os
import shlex
import sys

from local import settings
from local.emulator import without_account
from local.errors import LocalError
from local.process import ROOT, stop_when_told
from local.stack import LocalStack

FIRST_ANSWER = ROOT / "local" / "first_answer.json"


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
    account = "login" if stack.restored else "register"
    return f"""
PM Interview Coach is at {url}
  {_evaluator(stack)}
  {stack.restored} items restored from {stack.data_dir / "data.sqlite"}
  log of the emulator and the functions: {stack.log}

Read and try the API in a browser: {url}/docs
Or practise from another terminal, here with an answer that is written already:
  TOKEN=$(curl -s {url}/auth/{account} -H "Content-Type: application/json" \\
    -d '{{"email":"you@example.com","password":"a long password"}}' | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
  ID=$(curl -s {url}/api/sessions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d '{{"category_filter":"product_design"}}' | sed 's/.*"session_id": *"\\([^"]*\\)".*/\\1/')
  curl -s {url}/api/questions/1 -H "Authorization: Bearer $TOKEN"
  curl -s {url}/api/sessions/$ID/attempts -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d @{shlex.quote(str(FIRST_ANSWER))}
  curl -s {url}/api/sessions/$ID/attempts/1 -H "Authorization: Bearer $TOKEN"     # its scores, a second later

Ctrl-C stops it."""


def _evaluator(stack: LocalStack) -> str:
    if not stack.parameters["AnthropicApiKey"]:
        return "no ANTHROPIC_API_KEY: the offline evaluator grades"
    return f"Claude grades ({stack.parameters['AnthropicModel'] or 'its default model: ANTHROPIC_MODEL is not set'})"


if __name__ == "__main__":
    main()
