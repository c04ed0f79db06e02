"""A client of the running stack, as a program that calls the API would write it."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import requests

PATIENCE_SECONDS = 120


class Coach:
    """One user's view of the API at `url`. `requests` raises for what is not answered; statuses are the test's."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._http = requests.Session()
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def registered(cls, url: str) -> "Coach":
        body = {"email": f"{uuid4()}@example.com", "password": "a long password"}
        return cls(url, cls(url).post("/auth/register", body).json()["access_token"])

    @property
    def token(self) -> str:
        return str(self._http.headers["Authorization"]).removeprefix("Bearer ")

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self._http.get(self.url + path, params=parameters, timeout=60)

    def post(self, path: str, body: Any = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.post(self.url + path, json=body, headers=named, timeout=60)

    def session(self, **settings: Any) -> str:
        """Start a session and return its id."""
        return str(self.post("/api/sessions", settings).json()["id"])

    def answer(
        self, session_id: str, text: str, question_id: int = 1, follow_up_to: int | None = None, **headers: str
    ) -> requests.Response:
        body = {"question_id": question_id, "answer_text": text, "follow_up_to": follow_up_to}
        return self.post(f"/api/sessions/{session_id}/attempts", body, **headers)

    def attempt(self, session_id: str, attempt_id: int = 1) -> dict[str, Any]:
        return dict(self.get(f"/api/sessions/{session_id}/attempts/{attempt_id}").json())

    def settled(self, session_id: str, attempt_id: int = 1) -> dict[str, Any]:
        """The attempt, once it is evaluated or failed."""
        for _ in waiting(f"attempt {attempt_id} of {session_id} to be settled"):
            attempt = self.attempt(session_id, attempt_id)
            if attempt["status"] != "pending":
                return attempt
        raise AssertionError  # `waiting` has raised

    def stats(self, session_id: str) -> dict[str, Any]:
        return dict(self.get(f"/api/sessions/{session_id}").json())


def waiting(what: str, seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Yields a few times a second; raises when what is waited for has not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.25)
    raise AssertionError(f"waited {seconds} s for {what}")
