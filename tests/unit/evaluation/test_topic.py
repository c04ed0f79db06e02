"""What an answer is about: which sentences have to do with the question, and whether the whole answers it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach import questions
from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.evaluation.offline.topic import asks_for_story, is_about, relevances, share, tells_story
from coach.evaluation.text import Sentence, sentences, words
from coach.model import Category, Question
from tests.evals import golden
from tests.evals.grading import offline_doubt as doubt
from tests.unit.evaluation.samples import BANDS, NOON, answer, question


def prose(text: str) -> str:
    return " ".join(text.split())


PARKING, PIZZAS, PROMISED, STAKEHOLDER = 1, 4, 5, 7
ANSWERS = {
    PARKING: prose("""
A mall with 2,000 spaces fills up at eleven on Saturdays, and drivers circle for the last free bay. I would hang a
sensor over each aisle, since a full count per aisle is enough. The app shows one number, the aisle, before the barrier
opens. A mother with a pram gets the wide bays next to the lift. When she comes back and has forgotten where the car is,
she scans the pillar. If drivers still circle for more than three minutes in May, the sensors were the wrong buy.
"""),
    PIZZAS: prose("""
Say 8.5 million people live in the city and a third eat pizza in a given week, two slices each. That makes 5.6 million
slices, or 700,000 pies of eight slices. Tourists add a tenth. In a year of 52 weeks that is 40 million pies. A pizzeria
that sells 80 a day sells 29,000 a year, so there would be 1,400 pizzerias, which is close to what the map shows.
"""),
    PROMISED: prose("""
The work ends in six months and sales has promised three. I would first learn what the customer needs in month three:
perhaps the export and nothing else. The export depends on the new schema, which two engineers finish in week seven;
everything else waits for the security review. Rosa owns the schema, Jan owns the talk with the customer, and money goes
to our director. If the schema is not done by week eight, Jan tells the customer on that day and offers the old export.
"""),
    STAKEHOLDER: prose("""
In 2023 I ran the billing team, and our head of sales refused the new price list. I asked him for half an hour and
listened. He had lost two deals in spring because of a surprise on the invoice. I wrote his three worries down, called
both customers and found that one of them had misread a line. So I changed the line and left the price. I showed him the
draft before anybody else saw it, and he agreed on Thursday. I learned that I had argued with the wrong thing.
"""),
}
HOLIDAY = prose("""
In July we cycled from Passau to Vienna in six days. On Tuesday it rained until noon, and Anna had two flat tyres within
an hour. A room at the inn in Grein cost 84 euros with breakfast, and the tandem was 31 euros a day. On Friday evening
we swam in the Danube, ate trout for 19 euros and took the last train back at ten.
""")
TOMATOES = prose("""
I align stakeholders early. In May my father and I planted forty tomato seedlings on the balcony, eleven of them yellow.
I am user-centric and I prioritise ruthlessly. By June two had died, since the pot under the drain stood in water for a
week, so I moved nine of them with her old wheelbarrow. I drive alignment across teams and I communicate the roadmap. In
August we picked 23 kilos within three weeks and sold half of them at 4 euros. I always measure success and iterate. My
mother still cooks the sauce on Sunday with garlic and an onion, and nobody paid her for it.
""")
BANK = list(questions.questions())
OFFLINE = OfflineEvaluator(clock=lambda: NOON)
TOLD = prose("""
Two years ago our payment terminals for 200 shops came five weeks late, and Christmas was near. I called the vendor and
asked for the reason. I wrote a list of the shops with the oldest checkout. I moved sixty. I told the others by phone. I
agreed a date in January with each shop. I sent the steering group five lines a week.
""")


def about(asked: Question, text: str) -> bool:
    return is_about(asked, sentences(text))


def related(asked: Question, text: str) -> list[bool]:
    said = sentences(text)
    return [share(relevance) > 0 for relevance in relevances(asked, said, words(asked.question_text))]


def overall(asked: Question, text: str) -> int:
    return OFFLINE.grade(asked, text).overall


# Sentences


@pytest.mark.parametrize("number", ANSWERS)
def test_every_sentence_of_an_answer_has_to_do_with_its_question(number: int) -> None:
    assert all(related(questions.question(number), ANSWERS[number]))


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", ["solid", "strong"])
def test_nearly_every_sentence_of_a_sample_has_to_do_with_its_question(category: Category, band: str) -> None:
    counts = related(question(category), answer(category, band))

    assert sum(counts) >= 0.8 * len(counts)


@pytest.mark.parametrize("category", Category)
def test_a_holiday_has_nothing_to_do_with_a_question(category: Category) -> None:
    text = answer(category, "strong")

    counts = related(question(category), f"{text}\n\n{HOLIDAY}")

    # A sentence is judged with its neighbours, so the first one may pass.
    assert not any(counts[len(sentences(text)) + 1 :])


HOLIDAY_MOVES_AT_MOST = 20
"""In tenths: sentences next to it may count for less, and the first of its own for something."""


def with_holiday(text: str) -> list[str]:
    middle = len(text) // 2 + text[len(text) // 2 :].index(". ") + 2
    return [f"{HOLIDAY}\n\n{text}", f"{text[:middle]}{HOLIDAY} {text[middle:]}", f"{text}\n\n{HOLIDAY}"]


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", ["solid", "strong"])
def test_a_holiday_in_an_answer_changes_its_score_by_little(category: Category, band: str) -> None:
    asked, text = question(category), answer(category, band)
    alone = overall(asked, text)

    changed = [overall(asked, with_it) - alone for with_it in with_holiday(text)]

    assert [tenths for tenths in changed if abs(tenths) > HOLIDAY_MOVES_AT_MOST] == []


@pytest.mark.parametrize("category", Category)
def test_a_holiday_makes_no_weak_answer_a_better_one(category: Category) -> None:
    asked, text = question(category), answer(category, "weak")

    assert max(overall(asked, with_it) for with_it in with_holiday(text)) <= 30


@pytest.mark.parametrize("text", [HOLIDAY, TOMATOES], ids=["holiday", "tomatoes"])
@pytest.mark.parametrize("number", [*ANSWERS, *range(8, 141, 12)])
def test_a_story_of_something_else_scores_at_most_three_whatever_it_says_between(number: int, text: str) -> None:
    assert overall(questions.question(number), text) <= 30


@pytest.mark.parametrize("category", Category)
def test_so_it_does_when_there_is_no_sample_answer(category: Category) -> None:
    assert overall(question(category), TOMATOES) <= 30


def test_what_was_said_before_belongs_to_the_subject() -> None:
    asked, said = questions.question(PARKING), sentences("We cycled along the Danube and swam below Grein.")

    unasked = relevances(asked, said, [])
    after_it = relevances(asked, said, words("You cycled? Did anybody else swim in the Danube at Grein?"))

    assert share(after_it[0]) > 0 == share(unasked[0])


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_sentences_have_a_relevance_of_at_most_one(texts: list[str]) -> None:
    said = [Sentence(text, tuple(words(text)), ()) for text in texts]

    found = relevances(questions.question(PARKING), said, [])

    assert len(found) == len(said)
    assert all(relevance <= 1 for relevance in found)


# Whole answers


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_is_about_its_question(number: int) -> None:
    assert about(questions.question(number), ANSWERS[number])


@pytest.mark.parametrize("number", [PARKING, PIZZAS, PROMISED])
def test_an_answer_is_not_about_a_question_of_something_else(number: int) -> None:
    others = {other for other in ANSWERS if other not in (number, STAKEHOLDER)}

    assert {other for other in others if about(questions.question(number), ANSWERS[other])} == set()


@pytest.mark.parametrize("category", [each for each in Category if each is not Category.CROSS_FUNCTIONAL])
def test_with_a_sample_answer_the_other_samples_are_not_about_the_question(category: Category) -> None:
    """A solid answer stands for a sample answer, and the strong one has to be recognised by it."""
    asked = replace(question(category), sample_answer=answer(category, "solid"))

    assert about(asked, answer(category, "strong"))
    assert [other.value for other in Category if other is not category and about(asked, answer(other, "strong"))] == []


def test_every_sample_answer_of_the_bank_is_about_its_question() -> None:
    assert [one.id for one in BANK if not about(one, one.sample_answer or "")] == []


@pytest.mark.parametrize(("asked", "answered"), [(1, 10), (3, 54), (5, 91)])
def test_an_answer_to_a_question_much_like_it_is_about_that_one(asked: int, answered: int) -> None:
    text = questions.question(answered).sample_answer or ""

    assert not about(questions.question(asked), text)
    assert about(questions.question(answered), text)


def test_a_digression_does_not_hold_down_what_is_about_the_question() -> None:
    [strong] = [each for each in golden.load() if each.name == "execution/0059-strong-plain-prose.md"]
    asked = questions.question(strong.question_id)
    digressing = f"{strong.text}\n\n{HOLIDAY}"

    assert not about(asked, digressing)
    assert doubt(asked, digressing) is None


def test_nobody_can_tell_without_a_sample_answer() -> None:
    asked = questions.question(PARKING)

    assert not about(asked, HOLIDAY)
    assert about(replace(asked, sample_answer=None), HOLIDAY)
    assert about(replace(asked, sample_answer=""), HOLIDAY)


@pytest.mark.parametrize(
    "leaving_it_open", ["Pick an app that you have opened today.", "Tell me about a time when you were wrong."]
)
def test_whoever_may_choose_the_subject_may_speak_of_anything(leaving_it_open: str) -> None:
    asked = questions.question(PARKING)

    assert about(replace(asked, question_text=leaving_it_open), HOLIDAY)
    assert not about(asked, HOLIDAY)


# Stories


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tell me about a time when you were wrong.", True),
        ("Describe a situation in which nobody agreed.", True),
        ("Have you ever missed a deadline?", True),
        ("What would you do if nobody agreed?", False),
        ("How much time does it take?", False),
        ("Every time when it rains, our shop is empty. What do you do?", False),
        ("Tell me about your favourite app. What would you change in it?", False),
    ],
)
def test_a_story_is_asked_for_in_so_many_words(text: str, *, expected: bool) -> None:
    assert asks_for_story(question(text=text)) is expected


@pytest.mark.parametrize("text", [TOLD, ANSWERS[STAKEHOLDER], HOLIDAY], ids=["terminals", "stakeholder", "holiday"])
def test_what_happened_is_a_story(text: str) -> None:
    assert tells_story(sentences(text))


@pytest.mark.parametrize(
    "text", [ANSWERS[PARKING], ANSWERS[PIZZAS], "I would ask him, and then I would decide. I asked once."]
)
def test_what_would_be_done_is_none(text: str) -> None:
    assert not tells_story(sentences(text))


@pytest.mark.parametrize("band", BANDS)
def test_a_story_of_any_level_is_taken_for_one(band: str) -> None:
    assert tells_story(sentences(answer(Category.CROSS_FUNCTIONAL, band)))
    assert doubt(question(Category.CROSS_FUNCTIONAL), answer(Category.CROSS_FUNCTIONAL, band)) is None


def test_every_story_of_the_bank_is_taken_for_one() -> None:
    stories = [one for one in BANK if asks_for_story(one)]

    assert {one.category for one in stories} == {Category.CROSS_FUNCTIONAL}
    assert [one.id for one in stories if not tells_story(sentences(one.sample_answer or ""))] == []
