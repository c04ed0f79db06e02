import pytest

from coach.evaluation.offline.asides import without_asides
from coach.evaluation.offline.doubts import Doubt, asks_for_story, doubt_about, own_action
from coach.evaluation.text import sentences
from coach.model import Category, Question
from tests.unit.evaluation.samples import BANDS, answer, question
from tests.unit.evaluation.test_english import INVENTED, OTHER_LANGUAGES

TERMINALS = question(Category.PROJECT_MANAGEMENT)
OWN_CHOICE = question(Category.APP_CRITIQUE, "Pick an app that you have opened today. What would you change in it?")
TOLD = (
    "Two years ago our payment terminals for 200 shops came five weeks late, and Christmas was near. I called the "
    "vendor and asked for the reason. I wrote a list of the shops with the oldest checkout. I moved sixty. I told "
    "the others by phone. I agreed a date in January with each shop. I sent the steering group five lines a week."
)


def doubt(asked: Question, text: str) -> Doubt | None:
    kept = without_asides(text)
    return doubt_about(asked, text, kept, sentences(kept))


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS[1:])
def test_a_real_answer_is_not_doubted(category: Category, band: str) -> None:
    assert doubt(question(category), answer(category, band)) is None


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_another_language_is_named_as_such(language: str) -> None:
    found = doubt(question(), OTHER_LANGUAGES[language])

    assert found is not None
    assert "reads English only" in found.advice


def test_invented_words_are_named_as_such() -> None:
    found = doubt(question(), INVENTED)

    assert found is not None
    assert "does not read as English" in found.advice


def test_a_story_about_the_very_case_is_no_plan_for_it() -> None:
    found = doubt(TERMINALS, TOLD)

    assert found is not None
    assert "does not seem to answer the question" in found.advice


def test_a_plan_may_tell_of_one_thing_done() -> None:
    text = f"{answer(Category.PROJECT_MANAGEMENT, 'solid')} I called a vendor like that once."

    assert doubt(TERMINALS, text) is None


def test_whoever_may_choose_what_to_speak_of_need_not_say_what_the_question_says() -> None:
    text = answer(Category.APP_CRITIQUE, "strong")

    assert doubt(OWN_CHOICE, text) is None
    assert doubt(question(Category.APP_CRITIQUE, "What would you change in the Lisbon tram?"), text) is not None


def test_whoever_may_choose_what_to_speak_of_still_has_to_give_what_is_asked_for() -> None:
    found = doubt(OWN_CHOICE, answer(Category.ANALYTICAL, "strong"))

    assert found is not None
    assert "analytical" in found.advice.lower()


def test_a_weak_answer_with_the_words_of_its_question_is_not_said_to_be_of_another_kind() -> None:
    assert doubt(question(), answer(Category.PRODUCT_DESIGN, "weak")) is None


def test_a_plan_is_no_story() -> None:
    found = doubt(question(Category.CROSS_FUNCTIONAL), answer(Category.PROJECT_MANAGEMENT, "strong"))

    assert found is not None
    assert "hardly an action of yours" in found.advice


def test_a_story_may_be_about_anything_as_long_as_it_tells_what_somebody_did() -> None:
    story = f"{answer(Category.PROJECT_MANAGEMENT, 'strong')} I asked. I wrote a list. I called the vendor."

    assert doubt(question(Category.CROSS_FUNCTIONAL), story) is None


def test_a_story_with_few_actions_is_weak_and_no_other_kind() -> None:
    weak = answer(Category.CROSS_FUNCTIONAL, "weak")

    assert sum(own_action(sentence.words) for sentence in sentences(weak)) < 3
    assert doubt(question(Category.CROSS_FUNCTIONAL), weak) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tell me about a time when you were wrong.", True),
        ("Describe a situation in which nobody agreed.", True),
        ("What would you do if nobody agreed?", False),
        ("How much time does it take?", False),
    ],
)
def test_a_story_is_asked_for_in_so_many_words(text: str, *, expected: bool) -> None:
    assert asks_for_story(question(text=text)) is expected
