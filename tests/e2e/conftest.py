"""The stacks that the end-to-end tests talk to: built, deployed and served by the same code as `make run`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator import free_port
from local.stack import LocalStack
from tests.anthropic_stub import AnthropicStub
from tests.e2e.client import Coach
from tests.evals import golden


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack without a key."""
    with LocalStack(free_port(), tmp_path_factory.mktemp("offline")) as stack:
        yield stack


@pytest.fixture(scope="session")
def anthropic() -> Iterator[AnthropicStub]:
    with AnthropicStub() as stub:
        yield stub


@pytest.fixture(scope="session")
def claude(anthropic: AnthropicStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack with a key, whose Anthropic API is the stub."""
    settings = {"ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": anthropic.base_url}
    with LocalStack(free_port(), tmp_path_factory.mktemp("claude"), settings) as stack:
        yield stack


@pytest.fixture
def coach(offline: LocalStack) -> Coach:
    """A new user of the stack without a key."""
    return Coach.registered(offline.url)


def strong_answer(question_id: int) -> str:
    """A strong answer to a question, of the golden set's part to build on."""
    answers = golden.load()
    return next(
        each.text
        for each in answers
        if (each.question_id, each.level, each.split) == (question_id, golden.Level.STRONG, golden.Split.BUILD)
    )


ROOT = Path(__file__).parents[2]
