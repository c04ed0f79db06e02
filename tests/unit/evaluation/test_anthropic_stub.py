"""The stub refuses what the real API refuses: otherwise the tests that stand on it prove little."""

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.anthropic_stub import AnthropicStub

SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
HEADERS = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01", "content-type": "application/json"}


@pytest.fixture
def stub() -> Iterator[AnthropicStub]:
    with AnthropicStub() as running:
        yield running


def body(**changes: Any) -> dict[str, Any]:
    whole = {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Say something."}],
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def post(
    stub: AnthropicStub, payload: object, headers: dict[str, str] | None = None, path: str = "/v1/messages"
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(stub.base_url.removeprefix("http://"), timeout=5)
    try:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        connection.request("POST", path, data, HEADERS if headers is None else headers)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def with_schema(schema: object) -> dict[str, Any]:
    return body(output_config={"format": {"type": "json_schema", "schema": schema}})


def test_a_good_request_gets_a_message_that_honours_the_schema(stub: AnthropicStub) -> None:
    status, message = post(stub, body())

    assert status == 200
    assert message["stop_reason"] == "end_turn"
    assert json.loads(message["content"][-1]["text"]) == {"ok": False}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"temperature": 0}, "temperature"),
        ({"tool_choice": {"type": "any"}}, "forced tool use"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "budgets"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "{"}]}, "prefill"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "\n"}]}]}, "non-whitespace"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_retries": 3}, "max_retries: Extra inputs"),
        ({"output_config": {"effort": "heroic"}}, "effort: Input should be one of"),
        ({"system": [{"type": "text", "text": "a", "cache_control": {"type": "forever"}}]}, "ephemeral"),
    ],
)
def test_what_the_models_do_not_take_is_a_400(stub: AnthropicStub, changes: dict[str, Any], complaint: str) -> None:
    status, reply = post(stub, body(**changes))

    assert (status, reply["error"]["type"]) == (400, "invalid_request_error")
    assert complaint in reply["error"]["message"]
    assert stub.requests == []


@pytest.mark.parametrize(
    "schema",
    [
        {**SCHEMA, "additionalProperties": True},
        {**SCHEMA, "properties": {"ok": {"type": "integer", "minimum": 1}}},
        {**SCHEMA, "properties": {"ok": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}},
        {**SCHEMA, "required": ["nothing"]},
    ],
)
def test_a_schema_beyond_structured_outputs_is_a_400(stub: AnthropicStub, schema: dict[str, Any]) -> None:
    status, reply = post(stub, with_schema(schema))

    assert (status, reply["error"]["type"]) == (400, "invalid_request_error")


def test_unknown_models_paths_and_broken_json_are_refused(stub: AnthropicStub) -> None:
    assert post(stub, body(model="claude-3-opus"))[0] == 404
    assert post(stub, body(), path="/v1/complete")[0] == 404
    assert post(stub, b'{"model": ')[0] == 400
    assert post(stub, b"\xff\xfe")[0] == 400


def test_an_answer_can_steer_what_it_gets(stub: AnthropicStub) -> None:
    steered = body(messages=[{"role": "user", "content": "Grade this. [[stub:529*2,429=7]]"}])

    statuses = [post(stub, steered)[0] for _ in range(4)]

    assert statuses == [529, 529, 429, 200]
    assert stub.calls("Grade this. [[stub:529*2,429=7]]") == 4


def test_parallel_requests_are_counted_exactly(stub: AnthropicStub) -> None:
    stub.meeting = threading.Barrier(20)
    threads = [threading.Thread(target=post, args=(stub, body())) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stub.max_in_flight == 20
    assert stub.stats()["requests"] == 20
    assert list(stub.stats()["answers"].values()) == [20]


def test_it_runs_as_a_command_and_says_what_it_was_asked() -> None:
    command = [sys.executable, "-m", "tests.anthropic_stub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            address = running.stdout.readline().strip().removeprefix("http://")
            connection = http.client.HTTPConnection(address, timeout=5)
            connection.request("POST", "/v1/messages", json.dumps(body()), HEADERS)
            connection.getresponse().read()
            connection.request("GET", "/stats")
            stats = json.loads(connection.getresponse().read())
            connection.close()
        finally:
            running.terminate()

    assert stats["requests"] == 1
    assert stats["behaviours"] == {"ok": 1}
