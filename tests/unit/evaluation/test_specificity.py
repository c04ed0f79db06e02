import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.evaluation.offline.specificity import Worth, worths
from coach.evaluation.text import sentences, words

GENERAL = """
We should always focus on the customer and make sure that everybody is aligned. Communication is very important for a
successful product. I would leverage data to optimise the experience and deliver significant value to all stakeholders.
"""
PARTICULAR = """
On Tuesday I stood at the till for two hours. Nine of forty drivers gave up before they paid, and six of the nine had no
coins. Her brother mends the barrier and was not asked. So no new barrier: a sticker with a phone number, by the 3 May.
"""


def mean(found: list[Worth]) -> float:
    return sum(each.total for each in found) / max(sum(each.count for each in found), 1)


def specificity(text: str, question: str = "") -> float:
    return mean(worths((sentence.words for sentence in sentences(text)), words(question)))


def test_what_is_general_is_below_0_and_what_is_particular_well_above() -> None:
    assert specificity(GENERAL) < 0
    assert specificity(PARTICULAR) > 0.5


@pytest.mark.parametrize("text", [GENERAL, PARTICULAR])
def test_length_is_no_matter(text: str) -> None:
    first_half = " ".join(text.split(". ")[:2]) + "."

    assert specificity(text) * specificity(first_half) > 0
    assert specificity(f"{text}\n\n{text}") == specificity(text)


@pytest.mark.parametrize("text", [GENERAL, PARTICULAR])
def test_bullets_numbers_and_headings_are_no_words(text: str) -> None:
    items = [" ".join(item.split()) for item in text.replace(".\n", ". ").split(". ")]
    prose = "\n".join(items)
    formatted = [
        "\n".join(f"- {item}" for item in items),
        "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1)),
        f"## What I would do\n\n{prose}\n\n**In short:**",
        f"Tuesday at nine\n\n{prose}",
    ]

    assert {specificity(one) for one in formatted} == {specificity(prose)}


def test_generalities_around_it_thin_an_answer_and_no_more() -> None:
    assert specificity(GENERAL) < specificity(f"{GENERAL} {PARTICULAR}") < specificity(PARTICULAR)


def test_a_question_said_back_is_worth_less_than_the_same_words_unasked() -> None:
    asked = "Nine of forty drivers gave up at the till on Tuesday. What do you do?"

    assert specificity("Nine of forty drivers gave up at the till.", asked) <= 0
    assert specificity("Nine of forty drivers gave up at the till.") > 0


@settings(max_examples=50)
@given(st.text(max_size=100), st.text(max_size=30))
def test_any_text_has_a_finite_worth(text: str, question: str) -> None:
    found = worths((sentence.words for sentence in sentences(text)), words(question))

    assert all(-10 * worth.count <= worth.total <= 4 * worth.count for worth in found)
    assert -10 <= mean(found) <= 4
