"""The gateway in front of the emulator, with a small ASGI application in the emulator's place."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway import AT_ONCE, MAX_BODY, Gateway, Message, Receive, Send, at_prefix
from local.template import GatewayResponse, gateway_responses

ROOT = Path(__file__).parents[3]
RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": GatewayResponse(
        404, {"access-control-allow-origin": "*"}, '{"detail": "Not Found"}'
    ),
    "DEFAULT_4XX": GatewayResponse(None, {}, '{"detail": $context.error.messageString}'),
    "DEFAULT_5XX": GatewayResponse(None, {}, '{"detail": "Internal Server Error"}'),
}


class Emulator:
    """Answers every request alike, and keeps what it was asked."""

    def __init__(self, status: int = 200, body: object = "", error: Exception | None = None) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.error = error
        self.scopes: list[Message] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.bodies.append((await receive())["body"])
        if self.error:
            raise self.error
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"x-from", b"emulator")]})
        await send({"type": "http.response.body", "body": self.body})


def call(
    emulator: Emulator,
    *chunks: bytes,
    headers: dict[str, str] | None = None,
    sent: list[Message] | None = None,
    **scope: Any,
) -> list[Message]:
    """What the client gets from an open gateway for a request with a body of these chunks; also put into `sent`."""
    sent = [] if sent is None else sent
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting: list[Message] = [*messages, {"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def serve() -> None:
        gateway = Gateway(emulator, "/api/prod", 8002, RESPONSES)
        await gateway.open()
        pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        request = {"type": "http", "method": "GET", "raw_path": b"/", "client": ("127.0.0.1", 5), "headers": pairs}
        await gateway(request | scope, receive, send)

    asyncio.run(serve())
    return sent


def answer(sent: list[Message]) -> tuple[int, object]:
    start, body = sent
    return start["status"], json.loads(body["body"])


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/api/prod/"),
        (b"/api/sessions", "/api/prod/api/sessions"),
        (b"/a%20b/%C3%A4", "/api/prod/a b/ä"),
        (b"/a%2Fb/c%2fd", "/api/prod/a%2Fb/c%2Fd"),
        (b"/a%252Fb", "/api/prod/a%2Fb"),
        (b"/%00", "/api/prod/\0"),
        (b"/%ff%", "/api/prod/\ufffd%"),
        (b"//x//", "/api/prod//x//"),
        (b"/a?b", "/api/prod/a"),
    ],
)
def test_a_path_is_served_below_the_stage_of_the_api(raw: bytes, path: str) -> None:
    assert at_prefix("/api/prod", raw)[0] == path


@given(st.binary().map(lambda raw: b"/" + bytes(byte % 94 + 33 for byte in raw)))
def test_any_path_stays_below_the_stage(raw: bytes) -> None:
    path, raw_path = at_prefix("/api/prod", raw)

    assert path.startswith("/api/prod/")
    assert raw_path.startswith(b"/api/prod/")


def test_a_request_reaches_the_emulator_whole_with_the_headers_of_api_gateway() -> None:
    emulator = Emulator()

    call(
        *(emulator, b"one ", b"two"),
        headers={"Host": "localhost:8002", "X-Forwarded-For": "6.6.6.6", "Content-Type": "text/plain"},
        query_string=b"a=1",
    )

    (scope,) = emulator.scopes
    assert emulator.bodies == [b"one two"]
    assert scope["query_string"] == b"a=1"
    assert dict(scope["headers"]) == {
        b"Host": b"localhost:8002",
        b"Content-Type": b"text/plain",
        b"x-forwarded-for": b"127.0.0.1",
        b"x-forwarded-port": b"8002",
        b"x-forwarded-proto": b"http",
    }


def test_a_body_of_no_type_is_json_to_api_gateway() -> None:
    emulator = Emulator()

    call(emulator, b"\xff", headers={"Host": "localhost:8002"})

    (scope,) = emulator.scopes
    assert dict(scope["headers"])[b"content-type"] == b"application/json"


@pytest.mark.parametrize("status", [200, 404, 422, 500])
def test_what_a_function_answers_stays_as_it_is(status: int) -> None:
    sent = call(Emulator(status, {"detail": "as it is"}))

    assert answer(sent) == (status, {"detail": "as it is"})
    assert sent[0]["headers"] == [(b"x-from", b"emulator")]


@pytest.mark.parametrize("body", [{"message": "mine", "detail": "too"}, ["message"], b"not JSON", b"", b"\xff"])
def test_only_a_lone_message_is_the_gateways_own(body: object) -> None:
    emulator = Emulator(403, body)

    sent = call(emulator)

    assert sent[1]["body"] == emulator.body


def test_no_such_route_is_answered_as_the_template_says() -> None:
    sent = call(Emulator(403, {"message": "Missing Authentication Token"}))

    assert answer(sent) == (404, {"detail": "Not Found"})
    assert (b"access-control-allow-origin", b"*") in sent[0]["headers"]


def test_a_refusal_keeps_its_words_and_its_status() -> None:
    assert answer(call(Emulator(429, {"message": 'Too "many"'}))) == (429, {"detail": 'Too "many"'})


def test_the_words_of_a_crashed_function_do_not_get_out() -> None:
    assert answer(call(Emulator(502, {"message": "KeyError: secret"}))) == (502, {"detail": "Internal Server Error"})


def test_an_error_of_the_emulator_is_answered_before_it_is_logged() -> None:
    sent: list[Message] = []

    with pytest.raises(RuntimeError, match="emulator"):
        call(Emulator(error=RuntimeError("emulator")), sent=sent)

    assert answer(sent) == (500, {"detail": "Internal Server Error"})


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [([], {"content-length": str(MAX_BODY + 1)}), ([b"x" * MAX_BODY, b"x"], {})],
)
def test_a_body_above_the_limit_is_refused_and_goes_nowhere(chunks: list[bytes], headers: dict[str, str]) -> None:
    emulator = Emulator()

    status, body = answer(call(emulator, *chunks, headers=headers))

    assert (status, body) == (413, {"detail": "Request Too Long"})
    assert emulator.scopes == []


def test_a_body_of_just_the_limit_is_taken() -> None:
    emulator = Emulator()

    call(emulator, b"x" * MAX_BODY)

    assert len(emulator.bodies[0]) == MAX_BODY


def test_a_request_that_ends_early_goes_nowhere() -> None:
    emulator = Emulator()

    async def serve() -> None:
        gateway = Gateway(emulator, "/api/prod", 8002, RESPONSES)
        await gateway.open()
        await gateway({"type": "http", "headers": [], "raw_path": b"/"}, _disconnected, _never)

    asyncio.run(serve())

    assert emulator.scopes == []


def test_closing_waits_for_what_is_being_answered_and_refuses_the_rest() -> None:
    release = asyncio.Event()
    sent: list[Message] = []

    async def slow(_scope: Message, _receive: Receive, send: Send) -> None:
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    async def serve() -> None:
        gateway = Gateway(slow, "", 8002, RESPONSES)
        await gateway.open()
        request = {"type": "http", "headers": [], "raw_path": b"/", "client": ("::1", 5)}
        first = asyncio.create_task(gateway(request, receive, send))
        await asyncio.sleep(0)
        closing = asyncio.create_task(gateway.close())
        await asyncio.sleep(0)
        await gateway(request, receive, send)
        assert not closing.done()
        release.set()
        await closing
        assert first.done()

    asyncio.run(serve())

    assert [message["status"] for message in sent if "status" in message] == [503, 200]


def test_of_many_requests_a_few_are_answered_at_a_time_and_none_is_forgotten() -> None:
    running = most = answered = 0

    async def emulator(_scope: Message, _receive: Receive, send: Send) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        nonlocal answered
        answered += message["type"] == "http.response.start"

    async def serve() -> None:
        gateway = Gateway(emulator, "", 8002, RESPONSES)
        await gateway.open()
        request = {"type": "http", "headers": [], "raw_path": b"/", "client": ("::1", 5)}
        await asyncio.gather(*(gateway(request, receive, send) for _ in range(5 * AT_ONCE)))

    asyncio.run(serve())

    assert most == AT_ONCE
    assert answered == 5 * AT_ONCE


def test_the_responses_come_from_the_template() -> None:
    responses = gateway_responses(ROOT / "template.yaml")

    assert responses["MISSING_AUTHENTICATION_TOKEN"].status == 404
    assert json.loads(responses["MISSING_AUTHENTICATION_TOKEN"].body).keys() == {"detail"}
    assert responses["DEFAULT_5XX"].headers["access-control-allow-origin"] == "*"


async def _disconnected() -> Message:
    return {"type": "http.disconnect"}


async def _never(_message: Message) -> None:
    raise AssertionError("nobody is there to read this")
