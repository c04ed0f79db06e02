"""What an answer is about, and of which kind it is, as learnt from the questions of the bank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach import questions
from coach.evaluation.offline.topic import is_about, other_kind
from coach.model import Category
from tests.unit.evaluation.samples import BANDS, answer, parts, question

PARKING, PIZZAS, PROMISED, STAKEHOLDER = 1, 4, 5, 7
ANSWERS = {
    PARKING: """
A mall with 2,000 spaces fills up at eleven on Saturdays, and drivers circle for the last free bay. I would hang a
sensor over each aisle, since a full count per aisle is enough. The app shows one number, the aisle, before the barrier
opens. A mother with a pram gets the wide bays next to the lift. When she comes back and has forgotten where the car is,
she scans the pillar. If drivers still circle for more than three minutes in May, the sensors were the wrong buy.
""",
    PIZZAS: """
Say 8.5 million people live in the city and a third eat pizza in a given week, two slices each. That makes 5.6 million
slices, or 700,000 pies of eight slices. Tourists add a tenth. In a year of 52 weeks that is 40 million pies. A pizzeria
that sells 80 a day sells 29,000 a year, so there would be 1,400 pizzerias, which is close to what the map shows.
""",
    PROMISED: """
The work ends in six months and sales has promised three. I would first learn what the customer needs in month three:
perhaps the export and nothing else. The export depends on the new schema, which two engineers finish in week seven;
everything else waits for the security review. Rosa owns the schema, Jan owns the talk with the customer, and money goes
to our director. If the schema is not done by week eight, Jan tells the customer on that day and offers the old export.
""",
    STAKEHOLDER: """
In 2023 I ran the billing team, and our head of sales refused the new price list. I asked him for half an hour and
listened. He had lost two deals in spring because of a surprise on the invoice. I wrote his three worries down, called
both customers and found that one of them had misread a line. So I changed the line and left the price. I showed him the
draft before anybody else saw it, and he agreed on Thursday. I learned that I had argued with the wrong thing.
""",
}
BANK = list(questions.questions())
STORIES = Category.CROSS_FUNCTIONAL


@pytest.mark.parametrize("number", [PARKING, PIZZAS, PROMISED])
def test_an_answer_is_about_its_question(number: int) -> None:
    assert is_about(questions.question(number), ANSWERS[number])


@pytest.mark.parametrize("number", [PARKING, PIZZAS, PROMISED])
def test_an_answer_is_not_about_a_question_of_something_else(number: int) -> None:
    others = {other for other in ANSWERS if other not in (number, STAKEHOLDER)}

    assert {other for other in others if is_about(questions.question(number), ANSWERS[other])} == set()


@pytest.mark.parametrize("category", [each for each in Category if each is not STORIES])
def test_the_samples_are_about_their_question_and_not_about_the_other(category: Category) -> None:
    other = question(category, parts(category)["other question"])

    assert all(is_about(question(category), answer(category, band)) for band in ("solid", "strong"))
    assert [band for band in BANDS if is_about(other, answer(category, band))] == []


def test_every_sample_answer_of_the_bank_is_about_its_question() -> None:
    assert [one.id for one in BANK if not is_about(one, one.sample_answer or "")] == []


@pytest.mark.parametrize(("asked", "answered"), [(1, 10), (2, 40), (3, 54), (5, 91), (5, 97)])
def test_an_answer_to_a_question_much_like_it_is_about_that_one(asked: int, answered: int) -> None:
    text = questions.question(answered).sample_answer or ""

    assert not is_about(questions.question(asked), text)
    assert is_about(questions.question(answered), text)


@pytest.mark.parametrize("text", ["", "...", "I would do it well.", "the of and to in", "florbish quandle zorp"])
def test_an_answer_without_a_telling_word_is_about_nothing(text: str) -> None:
    assert not any(is_about(questions.question(number), text) for number in ANSWERS)


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_of_the_kind_that_is_asked_for_is_of_no_other(number: int) -> None:
    assert other_kind(questions.question(number).category, ANSWERS[number]) is None


@pytest.mark.parametrize("number", [PROMISED, STAKEHOLDER])
def test_an_answer_of_another_kind_is_told_by_its_kind(number: int) -> None:
    mine = questions.question(number).category

    assert {other_kind(asked, ANSWERS[number]) for asked in set(Category) - {mine}} == {mine}


@pytest.mark.parametrize("category", Category)
def test_the_samples_are_of_their_kind(category: Category) -> None:
    for band in ("solid", "strong"):
        assert other_kind(category, answer(category, band)) is None
        assert other_kind(category, answer(category, band), doubtful=True) is None


def test_a_strong_answer_passes_for_no_other_kind_with_few_exceptions() -> None:
    """A design and a critique of the same app may share their words."""
    unseen = [
        (category.value, asked.value)
        for category in Category
        for asked in set(Category) - {category}
        if other_kind(asked, answer(category, "strong")) is not category
    ]

    assert len(unseen) <= 2, unseen


def test_every_sample_answer_of_the_bank_is_of_its_kind() -> None:
    assert [one.id for one in BANK if other_kind(one.category, one.sample_answer or "", doubtful=True)] == []


@given(st.text(max_size=200), st.sampled_from(Category))
def test_any_text_has_an_answer(text: str, category: Category) -> None:
    assert other_kind(category, text) is not category
    assert is_about(questions.question(PARKING), text) in (True, False)
