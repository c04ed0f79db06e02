"""What is said of what was found, whatever the text that it was found in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.evaluation.offline.feedback import (
    QUOTE_CHARS,
    STRENGTH_FROM,
    STRENGTHS_MAX,
    Closest,
    comment,
    left_out,
    next_thing,
    strengths,
    unrelated,
)
from coach.evaluation.rubric import rubric
from coach.model import Category

RUBRIC = rubric(Category.STRATEGY)
FIRST = RUBRIC.criteria[0]
QUOTES = ["The ferry leaves at six.", "Hotels pay 40 euros.", "Mrs Aalto decides on Friday.", "Nobody waits for me."]

some_found = st.dictionaries(
    st.sampled_from([check.id for check in RUBRIC.checks]),
    st.builds(Closest, st.sampled_from(QUOTES), st.floats(-1, 3), st.integers(1, 5)),
)


def quote(said: str) -> str:
    return said.split("“", 1)[1].split("”", 1)[0]


@given(some_found)
def test_a_comment_names_each_check_once(found: dict[str, Closest]) -> None:
    for criterion in RUBRIC.criteria:
        shown, _, missing = comment(criterion, found).partition("No sentence was found that ")

        assert [check.text in shown for check in criterion.checks] == [c.id in found for c in criterion.checks]
        assert [check.text in missing for check in criterion.checks] == [c.id not in found for c in criterion.checks]


@given(some_found)
def test_strengths_are_few_and_each_sentence_is_one_of_one_criterion(found: dict[str, Closest]) -> None:
    said = strengths(RUBRIC, found)

    of = {each.split(": “")[0] for each in said}
    assert len(said) == len(of) == len({quote(each) for each in said}) <= STRENGTHS_MAX
    assert of <= {criterion.name for criterion in RUBRIC.criteria}
    assert {quote(each) for each in said} <= {
        each.quote for each in found.values() if each.specificity >= STRENGTH_FROM and each.cues >= 2
    }


def test_the_most_specific_is_said_first() -> None:
    found = {
        criterion.checks[0].id: Closest(said, 1.0 + place, 2)
        for place, (criterion, said) in enumerate(zip(RUBRIC.criteria, QUOTES, strict=False))
    }

    assert [quote(said) for said in strengths(RUBRIC, found)] == QUOTES[:0:-1]


@given(some_found)
def test_the_next_thing_is_one_check_of_the_criterion(found: dict[str, Closest]) -> None:
    said = next_thing(FIRST, found)

    assert said.startswith(f"{FIRST.name}: ")
    assert sum(check.text in said for check in FIRST.checks) == 1
    assert ("“" in said) == bool(found)


def test_what_is_missing_comes_next_and_belongs_where_the_criterion_is_spoken_of() -> None:
    first, second, _ = FIRST.checks
    elsewhere = RUBRIC.criteria[1].checks[0]
    found = {first.id: Closest(QUOTES[0], 0.2, 1), elsewhere.id: Closest(QUOTES[1], 2.0, 1)}

    said = next_thing(FIRST, found)

    assert said == f"{FIRST.name}: no sentence was found that {second.text}. It could follow “{QUOTES[0]}”."
    assert quote(next_thing(FIRST, {elsewhere.id: found[elsewhere.id]})) == QUOTES[1]


def test_when_nothing_is_missing_the_least_specific_sentence_is_to_be_said_better() -> None:
    found = {
        check.id: Closest(said, specificity, 1)
        for check, said, specificity in zip(FIRST.checks, QUOTES, [0.9, 0.3, 0.6], strict=False)
    }

    said = next_thing(FIRST, found)

    assert quote(said) == QUOTES[1]
    assert FIRST.checks[1].text in said
    assert "a figure, a name or a reason" in said


def test_a_long_quote_ends_with_a_whole_word() -> None:
    long = "The ferry to the island " * 20

    said = quote(unrelated([long]))

    assert len(said) <= QUOTE_CHARS + 2
    assert long.startswith(said.removesuffix(" …"))
    assert said.removesuffix(" …").split()[-1] in long.split()


@pytest.mark.parametrize(("others", "said"), [([], "”."), (["b"], "” and 1 more."), (["b", "c"], "” and 2 more.")])
def test_of_what_is_unrelated_one_sentence_is_quoted_and_the_others_are_counted(others: list[str], said: str) -> None:
    assert unrelated([QUOTES[0], *others]).endswith(QUOTES[0] + said)


def test_what_was_left_out_is_counted() -> None:
    assert left_out(1).endswith(": 1 sentence.")
    assert left_out(3).endswith(": 3 sentences.")
