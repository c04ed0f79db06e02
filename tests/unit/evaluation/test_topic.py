"""What an answer is about, and of which kind it is, as learnt from the questions of the bank."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach import questions
from coach.evaluation.offline.topic import is_about, other_kind
from coach.model import Category, Question
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


def shuffled(text: str) -> str:
    said = text.split()
    random.Random(7).shuffle(said)  # noqa: S311
    return " ".join(said)


def asking(text: str) -> Question:
    return question(text=text)


@pytest.mark.parametrize("number", [PARKING, PIZZAS, PROMISED])
def test_an_answer_is_about_its_question(number: int) -> None:
    assert is_about(questions.question(number), ANSWERS[number])


@pytest.mark.parametrize("number", [PARKING, PIZZAS, PROMISED])
def test_an_answer_is_not_about_a_question_of_something_else(number: int) -> None:
    others = {other for other in ANSWERS if other not in (number, STAKEHOLDER)}

    assert {other for other in others if is_about(questions.question(number), ANSWERS[other])} == set()


@pytest.mark.parametrize("category", set(Category) - {STORIES})
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


def test_the_sample_answer_tells_what_a_question_is_about_that_says_little_itself() -> None:
    asked = questions.question(PARKING)
    said = "A pillar, an aisle and a barrier: whoever comes back from the cinema scans where the ticket was."

    silent = asking("How would you help with it?")

    assert not is_about(silent, ANSWERS[PARKING])
    assert is_about(asked, asked.sample_answer or "")
    assert not is_about(silent, said)


@pytest.mark.parametrize("text", ["", "...", "I would do it well.", "the of and to in", "florbish quandle zorp"])
def test_an_answer_without_a_telling_word_is_about_nothing(text: str) -> None:
    assert not any(is_about(questions.question(number), text) for number in ANSWERS)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("bookings", "booking"),
        ("booking", "booked"),
        ("BOOKED", "Bookings."),
        ("cities", "city"),
        ("hotels", "hotel"),
        ("price", "prices"),
        ("quickly", "quick"),
        ("charging", "charged"),
    ],
)
def test_a_word_in_another_form_is_the_same_word(asked: str, said: str) -> None:
    assert is_about(asking(asked), said)


@pytest.mark.parametrize(("asked", "said"), [("hospital", "hotel"), ("bus", "business"), ("pressing", "price")])
def test_a_word_that_looks_like_it_is_another(asked: str, said: str) -> None:
    assert not is_about(asking(asked), said)


def test_words_that_the_bank_does_not_know_say_nothing() -> None:
    assert is_about(asking("hotel florbish quandle"), "hotel")
    assert is_about(asking("hotel"), "zorp mevlin hotel")


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    asked = asking("Which users carry umbrellas?")

    assert is_about(asked, "The umbrella is wet, and the hotel keeps bicycles, pizzas, ferries and drills.")
    assert not is_about(asked, "Users are wet, and the hotel keeps bicycles, pizzas, ferries and drills.")


@pytest.mark.parametrize("number", ANSWERS)
def test_the_order_of_words_does_not_matter(number: int) -> None:
    text = shuffled(ANSWERS[number])

    for asked in ANSWERS:
        assert is_about(questions.question(asked), text) == is_about(questions.question(asked), ANSWERS[number])
    assert [other_kind(one, text) for one in Category] == [other_kind(one, ANSWERS[number]) for one in Category]


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_of_the_kind_that_is_asked_for_is_of_no_other(number: int) -> None:
    assert other_kind(questions.question(number).category, ANSWERS[number]) is None


@pytest.mark.parametrize("number", [PROMISED, STAKEHOLDER])
def test_an_answer_that_is_clearly_of_its_kind_is_so_in_doubt_too(number: int) -> None:
    assert other_kind(questions.question(number).category, ANSWERS[number], doubtful=True) is None


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


def test_doubt_makes_it_stricter() -> None:
    text = answer(Category.PRODUCT_DESIGN, "strong")
    asked = set(Category) - {Category.PRODUCT_DESIGN}

    plain = {one for one in asked if other_kind(one, text)}
    doubtful = {one for one in asked if other_kind(one, text, doubtful=True)}

    assert plain < doubtful


@pytest.mark.parametrize("number", ANSWERS)
def test_saying_it_twice_changes_no_kind(number: int) -> None:
    for asked in Category:
        assert other_kind(asked, ANSWERS[number] * 2) is other_kind(asked, ANSWERS[number])


@pytest.mark.parametrize("text", ["", "florbish quandle zorp mevlin", "1 2 3 4"])
def test_a_text_of_unknown_words_is_of_no_kind(text: str) -> None:
    assert [asked for asked in Category if other_kind(asked, text, doubtful=True)] == []


@given(st.text(max_size=200), st.sampled_from(Category))
def test_any_text_has_an_answer(text: str, category: Category) -> None:
    assert other_kind(category, text) is not category
    assert is_about(questions.question(PARKING), text) in (True, False)
