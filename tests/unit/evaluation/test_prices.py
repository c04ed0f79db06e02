"""What tokens cost, to the micro-dollar."""

import pytest

from coach.evaluation.claude.prices import cost, dollars, estimated_tokens
from coach.model import Category
from tests.unit.evaluation.samples import question


@pytest.mark.parametrize(
    ("model", "tokens", "expected"),
    [
        ("claude-sonnet-5-5", (1_000_000, 100_000), 3_000_000),
        ("claude-opus-5-5", (1, 1), 24),
        ("claude-haiku-5-5", (1_000_000, 1_000_000), 600_000),
        ("claude-haiku-5-5-20260801", (10, 0), 1),
        ("claude-haiku-5-5", (0, 0), 0),
        ("another-model", (0, 0), 0),
        ("another-model", (1, 0), None),
        ("claude-haiku-5-50", (1, 0), None),
        ("anthropic.claude-haiku-5-5", (1, 0), None),
    ],
)
def test_a_cost_is_that_of_the_list_and_unknown_for_other_models(
    model: str, tokens: tuple[int, int], expected: int | None
) -> None:
    assert cost(model, *tokens) == expected


@pytest.mark.parametrize(("tokens", "expected"), [((1, 0), 1), ((10, 0), 1), ((11, 0), 2), ((0, 3), 2), ((9, 2), 2)])
def test_what_is_no_whole_micro_dollar_is_rounded_up_once(tokens: tuple[int, int], expected: int) -> None:
    assert cost("claude-haiku-5-5", *tokens) == expected


def test_the_cache_costs_a_quarter_more_to_write_and_a_tenth_to_read() -> None:
    plain = cost("claude-sonnet-5-5", 1_000, 0)

    assert plain == 2_000
    assert cost("claude-sonnet-5-5", 0, 0, cache_written=1_000) == 2_500
    assert cost("claude-sonnet-5-5", 0, 0, cache_read=1_000) == 200
    assert cost("claude-sonnet-5-5", 1_000, 100, cache_written=1_000, cache_read=1_000) == 5_700
    assert cost("another-model", 0, 0, cache_read=1) is None


def test_an_estimate_grows_with_the_answer_and_knows_the_prompt() -> None:
    asked = question(Category.STRATEGY)

    (short_in, short_out), (long_in, long_out) = (estimated_tokens(asked, "a" * size) for size in (60, 3_060))

    assert long_in == short_in + 1_000 > 2_000
    assert long_out == short_out > 3_000


@pytest.mark.parametrize(
    ("micro_dollars", "text"),
    [
        (0, "$0.00"),
        (1, "$0.01"),
        (10_000, "$0.01"),
        (10_001, "$0.02"),
        (1_234_560_000, "$1,234.56"),
        (None, "an unknown amount"),
    ],
)
def test_dollars_are_whole_cents_rounded_up(micro_dollars: int | None, text: str) -> None:
    assert dollars(micro_dollars) == text
