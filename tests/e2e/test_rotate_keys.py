"""`make rotate-keys` on the running stack, with clients that go on throughout, and after the next start."""

import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import jwt

from local.emulator import free_port
from local.stack import LocalStack
from tests.e2e.client import Coach
from tests.e2e.conftest import ROOT
from tests.e2e.test_walk import STRONG


def rotate(stack: LocalStack) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "operations.rotate_keys", "--data-dir", stack.data_dir],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'layers' / 'coach'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    return done.stdout


def kid(bearer: str) -> str:
    return str(jwt.get_unverified_header(bearer)["kid"])


def test_no_request_fails_while_keys_turn_and_tokens_outlive_a_restart(tmp_path: Path) -> None:
    port = free_port()
    credentials = {"email": f"{uuid4()}@example.com", "password": "a long password"}
    over = threading.Event()

    def sign_in(url: str) -> str:
        return str(Coach(url).post("/auth/login", credentials).json()["access_token"])

    def practise(bearer: str, url: str) -> Counter[int]:
        """Go on with an old token: read, begin sessions, answer."""
        coach, statuses = Coach(url, bearer), Counter[int]()
        session = coach.session()
        while not over.is_set():
            for reply in (
                coach.get("/api/sessions"),
                coach.post("/api/sessions", {}),
                coach.answer(session, STRONG),
                coach.get(f"/api/sessions/{session}/attempts"),
                coach.get("/auth/me"),
            ):
                statuses[reply.status_code] += 1
        return statuses

    def come_and_go(url: str) -> tuple[Counter[int], list[str]]:
        """Sign in again and again, and use each token at once."""
        statuses, kids = Counter[int](), []
        while not over.is_set():
            bearer = sign_in(url)
            kids.append(kid(bearer))
            for path in ("/api/sessions", "/api/stats/overview", "/api/questions/1"):
                statuses[Coach(url, bearer).get(path).status_code] += 1
        return statuses, kids

    with LocalStack(port, tmp_path) as stack:
        before = str(Coach(stack.url).post("/auth/register", credentials).json()["access_token"])
        with ThreadPoolExecutor(2) as pool:
            practising, coming = pool.submit(practise, before, stack.url), pool.submit(come_and_go, stack.url)
            said = rotate(stack)
            over.set()
        after = sign_in(stack.url)
        stack.kill()

    statuses, (others, kids) = practising.result(), coming.result()
    assert set(statuses) <= {200, 201}
    assert set(others) == {200}
    assert min(statuses.total(), others.total()) > 5
    assert list(dict.fromkeys([*kids, kid(after)])) == [kid(before), kid(after)]
    assert kid(before) != kid(after)
    assert "generation 2" in said

    with LocalStack(port, tmp_path) as stack:
        assert [Coach(stack.url, bearer).get("/auth/me").status_code for bearer in (before, after)] == [200, 200]
        assert kid(sign_in(stack.url)) == kid(after)
        assert "generation 3" in rotate(stack)
        assert [Coach(stack.url, bearer).get("/auth/me").status_code for bearer in (before, after)] == [401, 200]
