"""What is capped, whatever else an answer says, and what must not be."""

import pytest

from coach import questions
from coach.evaluation.offline.reading import NO_WORDS, NOT_ENGLISH
from coach.model import Category
from tests.evals.grading import offline_doubt as doubt
from tests.unit.evaluation.samples import BANDS, answer, grade, parts, question
from tests.unit.evaluation.test_english import BANK, BUILDS, CANTEEN, INVENTED, SHOPS, SPOKEN, TERSE
from tests.unit.evaluation.test_gates import CHINESE, DUTCH, GERMAN, RUSSIAN
from tests.unit.evaluation.test_topic import ANSWERS, HOLIDAY, PARKING, STAKEHOLDER, TOLD, TOMATOES

OTHER_LANGUAGES = {"German": GERMAN, "Dutch": DUTCH, "Chinese": CHINESE, "Russian": RUSSIAN} | parts("scripts")


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS)
def test_a_real_answer_is_not_doubted_however_weak(category: Category, band: str) -> None:
    assert doubt(question(category), answer(category, band)) is None
    assert grade(question(category), answer(category, band)).overall >= 15


@pytest.mark.parametrize(
    "text",
    [CANTEEN, SPOKEN, TERSE, SHOPS, BANK, BUILDS],
    ids=["canteen", "spoken", "terse", "shops", "bank", "builds"],
)
def test_an_answer_of_any_trade_is_english(text: str) -> None:
    assert doubt(question(), text) not in (NOT_ENGLISH.reason, NO_WORDS.reason)


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_to_a_question_of_the_bank_is_not_doubted(number: int) -> None:
    assert doubt(questions.question(number), ANSWERS[number]) is None
    assert grade(questions.question(number), ANSWERS[number]).overall > 42


def test_a_question_of_how_in_a_behavioural_category_needs_no_story() -> None:
    asked = question(Category.CROSS_FUNCTIONAL, "How would you work with an engineering lead who refuses your roadmap?")
    text = (
        "I would ask the engineering lead for an hour, because a refusal of the roadmap mostly has a reason that I "
        "have not heard. Perhaps the roadmap hides 40% of maintenance that nobody planned. I would write his three "
        "objections down and check the incident numbers with him before I change a line. Then I would offer to move "
        "the export by a quarter, since two customers need it and the payment outage costs 30,000 euros a week. "
        "If he still refuses, I would name the point where we differ and let our director decide within two days."
    )

    made = grade(asked, text)

    assert doubt(asked, text) is None
    assert made.overall > 60


def test_a_story_about_the_very_case_is_one() -> None:
    asked = question(Category.CROSS_FUNCTIONAL, "Tell me about a time when a delivery came late.")

    assert doubt(asked, TOLD) is None
    assert doubt(asked, answer(Category.PROJECT_MANAGEMENT, "solid")) is not None


@pytest.mark.parametrize(
    ("number", "text", "said"),
    [
        (PARKING, HOLIDAY, "Hardly anything that the question is about"),
        (PARKING, TOMATOES, "Hardly anything that the question is about"),
        (PARKING, INVENTED, "does not read as English"),
        (PARKING, GERMAN, "reads English only"),
        (STAKEHOLDER, ANSWERS[PARKING], "something that you did"),
    ],
    ids=["holiday", "tomatoes", "invented", "German", "no story"],
)
def test_a_doubt_is_said_first_and_caps_the_score(number: int, text: str, said: str) -> None:
    asked = questions.question(number)

    made = grade(asked, text)

    assert made.improvements[0] == doubt(asked, text)
    assert said in made.improvements[0]
    assert made.overall <= 25
    assert made.strengths == ()


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_whoever_answers_in_another_language_is_told_why_the_score_is_low(language: str) -> None:
    made = grade(question(), OTHER_LANGUAGES[language])

    assert made.overall <= 15
    assert made.improvements[0].startswith("The offline evaluator reads English only")


def test_whoever_invents_words_is_told_why_the_score_is_low() -> None:
    words = {"people": "pelorians", "alarm": "quandle", "night": "blent", "wristband": "frindler", "users": "gralpers"}
    words |= {"build": "chunder", "born": "prandled", "first": "zorpish", "light": "mevlin", "success": "vint"}
    text = answer(Category.PRODUCT_DESIGN, "solid")
    for real, invented in words.items():
        text = text.replace(real, invented)

    made = grade(
        question(), f"{text} The mevlins gralp and the zorpers chunder, so the frindles prandle a blenty quandle."
    )

    assert made.overall <= 15
    assert "does not read as English" in made.improvements[0]
