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
    practice = "your earlier practice is back" if stack.restored else "no earlier practice was found"
    return f"""
PM Interview Coach is at {url}
  {_evaluator(stack)}
  {practice} ({stack.data_dir / "data.sqlite"}: {stack.restored} items)
  log of the emulator and the functions, and the mails that they send: {stack.log}

Open it in a browser, register, and answer your first question. The API is at {url}/docs. To try it, paste this into
another terminal, with your own address and password if you have an account. It signs in, shows a question, sends an
answer that is written already, and shows its scores:
  TOKEN=$(for door in register login; do curl -s {url}/auth/$door -H "Content-Type: application/json" \\
      -d '{{"email":"you@example.com","password":"a long password"}}'; echo; done |
    sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p' | tail -1)
  ID=$(curl -s {url}/api/sessions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
      -d '{{"category_filter":"product_design"}}' | sed 's/.*"session_id": *"\\([^"]*\\)".*/\\1/')
  curl -s {url}/api/questions/1 -H "Authorization: Bearer $TOKEN"; echo
  curl -s {url}/api/sessions/$ID/attempts -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
      -d @{shlex.quote(str(FIRST_ANSWER))}; echo
  sleep 2; curl -s {url}/api/sessions/$ID/attempts/1 -H "Authorization: Bearer $TOKEN"; echo

Ctrl-C stops it."""


def _evaluator(stack: LocalStack) -> str:
    if not stack.parameters["AnthropicApiKey"]:
        return "no ANTHROPIC_API_KEY: the offline evaluator grades"
    return f"Claude grades ({stack.parameters['AnthropicModel'] or 'its default model: ANTHROPIC_MODEL is not set'})"


if __name__ == "__main__":
    main()
