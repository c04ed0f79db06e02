"""What the user's port adds in front of the emulator: API Gateway's part that the emulator leaves out.

The emulator serves the API below a long path; here it is at the root. The template's GatewayResponses, which it does
not apply, are applied to the answers that are the gateway's own: those are {"message": ...}, our functions' never are.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

from local.template import MESSAGE, GatewayResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MAX_BODY = 10 * 1024 * 1024
"""API Gateway's limit, in bytes."""

AT_ONCE = 4
"""How many requests are answered at the same time; others wait for their turn. Each may need a process of its own, and
more of them than there are processors make no request faster."""

_TYPES: dict[int, str] = {
    403: "MISSING_AUTHENTICATION_TOKEN",
    413: "REQUEST_TOO_LARGE",
    429: "THROTTLED",
    504: "INTEGRATION_TIMEOUT",
}
_UNCHANGED = GatewayResponse(None, {}, MESSAGE)


class Gateway:
    """An ASGI application: the API at the root of the user's port. Requests wait for `open()`."""

    def __init__(self, emulator: App, prefix: str, port: int, responses: Mapping[str, GatewayResponse]) -> None:
        self._emulator = emulator
        self._prefix = prefix
        self._port = port
        self._responses = responses
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._opened = asyncio.Event()
        self._closed = False
        self._running = 0
        self._idle = asyncio.Event()

    async def open(self) -> None:
        self._opened.set()

    async def close(self) -> None:
        """Refuse further requests, and return when those being answered are done."""
        self._closed = True
        while self._running:
            self._idle.clear()
            await self._idle.wait()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        self._running += 1
        try:
            with contextlib.suppress(ConnectionResetError):  # the client went away while it was sending
                await self._answer(scope, receive, send)
        finally:
            self._running -= 1
            self._idle.set()

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        answer = _Answer(send, self._responses)
        await self._opened.wait()
        if self._closed:
            await answer.own(503, "Service Unavailable")
            return
        body = await _read(receive, dict(scope["headers"]))
        if body is None:
            await answer.own(413, "Request Too Long")
            return

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        path, raw_path = at_prefix(self._prefix, scope["raw_path"])
        headers = _forwarded(scope["headers"], scope["client"][0], self._port)
        try:
            async with self._turns:
                at_emulator = {**scope, "path": path, "raw_path": raw_path, "headers": headers}
                await self._emulator(at_emulator, replay, answer.send)
        except Exception:
            if answer.started:
                raise
            await answer.own(500, "Internal server error")
            raise  # for the log


def at_prefix(prefix: str, raw_path: bytes) -> tuple[str, bytes]:
    """The path and raw path below `prefix`. An encoded slash stays encoded: it is part of its segment."""
    raw = raw_path.partition(b"?")[0]
    path = unquote(re.sub("%2f", "%252F", raw.decode("ascii"), flags=re.IGNORECASE))
    return prefix + path, prefix.encode() + raw


def _forwarded(headers: Headers, client: str, port: int) -> Headers:
    """The headers with API Gateway's own X-Forwarded-*, which a client cannot choose, and its type for what has none:
    the emulator would take such a body for text, and read it leniently."""
    kept = [(name, value) for name, value in headers if not name.lower().startswith(b"x-forwarded-")]
    forwarded = {"x-forwarded-for": client, "x-forwarded-port": str(port), "x-forwarded-proto": "http"}
    if b"content-type" not in {name.lower() for name, _ in kept}:
        kept.append((b"content-type", b"application/json"))
    return [*kept, *((name.encode(), value.encode()) for name, value in forwarded.items())]


async def _read(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes | None:
    """The whole body, or None when it is larger than API Gateway takes. Raises ConnectionResetError."""
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        return None
    body = bytearray()
    more = True
    while more and len(body) <= MAX_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body) if len(body) <= MAX_BODY else None


class _Answer:
    """The answer on its way out. One that may be the gateway's own is held until its body is known."""

    def __init__(self, send: Send, responses: Mapping[str, GatewayResponse]) -> None:
        self._send = send
        self._responses = responses
        self._held: Message | None = None
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._held = message
            return
        held, self._held = self._held, None
        if held and (text := _gateway_message(message["body"])) is not None:
            # A crashed function's words are for the log only.
            await self.own(held["status"], text if held["status"] < 500 else "Internal server error")
            return
        self.started = True
        if held:
            await self._send(held)
        await self._send(message)

    async def own(self, status: int, text: str) -> None:
        """Answer as the gateway itself, in the template's words."""
        kinds = [_TYPES.get(status, ""), "DEFAULT_4XX" if status < 500 else "DEFAULT_5XX"]
        response = next((self._responses[kind] for kind in kinds if kind in self._responses), _UNCHANGED)
        body = response.body.replace("$context.error.messageString", json.dumps(text)).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), **response.headers}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.started = True
        await self._send({"type": "http.response.start", "status": response.status or status, "headers": pairs})
        await self._send({"type": "http.response.body", "body": body})


def _gateway_message(body: bytes) -> str | None:
    """The text of an answer that API Gateway made itself, None for a function's."""
    try:
        match json.loads(body):
            case {"message": str(text), **others} | {"Message": str(text), **others} if not others:
                return text
    except ValueError:
        pass
    return None
