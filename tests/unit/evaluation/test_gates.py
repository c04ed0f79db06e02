import random
import re
import string
from collections.abc import Callable

import pytest

from coach import questions
from coach.evaluation.gates import Stopped, gate
from coach.model import Category, FollowUp, Probe, Question, Turn
from tests.unit.evaluation.samples import BANDS, answer, parts, question

QUESTION = question().question_text
SOUP = """
I would use the CIRCLES framework to comprehend the situation, identify the customer, report the needs, cut through
prioritization, list solutions, evaluate trade-offs and summarize the recommendation. Then I would apply RICE and MoSCoW
to prioritize. Next I would use Porter's Five Forces, SWOT and PESTLE to understand the market, and HEART and AARRR for
the metrics, a RACI for the stakeholders and STAR to tell the story.
"""


def shuffled(text: str) -> str:
    said = text.split()
    random.Random(7).shuffle(said)  # noqa: S311
    return " ".join(said)


def mashed(letters: str) -> str:
    keys = random.Random(7)  # noqa: S311
    return " ".join("".join(keys.choices(letters, k=keys.randint(2, 9))) for _ in range(80))


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS)
def test_a_real_answer_passes_however_weak(category: Category, band: str) -> None:
    assert gate(parts(category)["question"], answer(category, band)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I would build a very good alarm clock that wakes people up, and that is all I have.", "far too short"),
        ("", "far too short"),
        (mashed(string.ascii_lowercase), "cannot be read"),
        ("asdf jkl qwer asdf " * 20, "cannot be read"),
        ("?!?! ... #### " * 30, "cannot be read"),
        ("Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. " * 3, "cannot be read"),
        (shuffled(answer(Category.PRODUCT_DESIGN, "strong")), "cannot be read"),
        (QUESTION, "repeats the question"),
        (f"{QUESTION} {QUESTION} {QUESTION.upper()} Good question, I like it!", "repeats the question"),
        ("I would ask users what they need and then build it for them. " * 12, "over and over"),
        ("blah bleh blub " * 40, "over and over"),
        (SOUP, "names frameworks"),
    ],
)
def test_what_is_no_answer_is_stopped_with_the_reason(text: str, reason: str) -> None:
    stopped = gate(QUESTION, text)

    assert stopped is not None
    assert reason in stopped.reason
    assert 10 <= stopped.tenths <= 25


GERMAN = """
Mein Ziel ist, dass gehörlose Menschen zuverlässig und selbstständig aufwachen. Ich unterscheide drei Gruppen: von
Geburt an Gehörlose, ältere Menschen mit Hörgeräten und Eltern, die auch das Baby bemerken müssen.
"""
DUTCH = """
Mijn doel is dat dove mensen zelfstandig wakker worden. Ik onderscheid drie groepen, namelijk mensen die doof geboren
zijn, ouderen met een hoortoestel en ouders die ook hun baby moeten opmerken in de nacht.
"""
CHINESE = """
目标是让听障人士可靠地自己醒来。我会区分三类用户：先天失聪的人、夜里摘下助听器的老人，以及需要注意婴儿哭声的父母。我选择老人，因为人数最多。
"""
RUSSIAN = """
Моя цель — чтобы глухие люди просыпались сами. Я различаю три группы: глухие от рождения, пожилые люди со слуховыми
аппаратами и родители, которым нужно слышать ребёнка. Я выбираю пожилых, потому что их больше всего.
"""


@pytest.mark.parametrize("text", [GERMAN, DUTCH, CHINESE, RUSSIAN])
def test_an_answer_in_another_language_is_read(text: str) -> None:
    assert gate(QUESTION, text) is None


@pytest.mark.parametrize("script", parts("scripts"))
def test_no_script_is_called_unreadable(script: str) -> None:
    assert gate(QUESTION, parts("scripts")[script]) is None


def test_what_says_the_same_over_and_over_is_told_in_a_script_without_spaces() -> None:
    stopped = gate(QUESTION, "ควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ" * 8)

    assert stopped is not None
    assert "over and over" in stopped.reason


def test_two_words_that_invisible_characters_fill_up_are_too_short() -> None:
    stopped = gate(QUESTION, "Hello" + "\u200b" * 80 + " there")

    assert stopped is not None
    assert "far too short to grade: 2 words" in stopped.reason


OWN_BEGINNING = (
    "I would begin with what we want to reach, since that decides all that follows, and I leave other countries out. "
    "In my last job we had something of the kind, and it took us a while to see what mattered to people, so let me go "
    "through it slowly, and come to the people first whom it is for."
)


def in_another_order(sample: str) -> str:
    said = re.split(r"(?<=[.!?])\s+|\n+", sample)
    random.Random(3).shuffle(said)  # noqa: S311
    return " ".join(said)


def with_every_eighth_word_exchanged(sample: str) -> str:
    return " ".join("whatever" if place % 8 == 5 else word for place, word in enumerate(sample.split()))


def with_an_own_beginning(sample: str) -> str:
    said = re.split(r"(?<=[.!?])\s+|\n+", sample)
    return " ".join([OWN_BEGINNING, *said[len(said) // 3 :]])


def handed_in(asked: Question, text: str, follow_up: FollowUp | None = None) -> Stopped | None:
    return gate(asked.question_text, text, follow_up, asked.sample_answer)


@pytest.mark.parametrize(
    "change", [str, str.upper, in_another_order, with_every_eighth_word_exchanged, with_an_own_beginning]
)
def test_no_question_takes_its_sample_answer(change: Callable[[str], str]) -> None:
    stopped = {each.id: handed_in(each, change(each.sample_answer or "")) for each in questions.questions()}

    assert len(stopped) == 140
    assert [each for each, why in stopped.items() if why is None or "sample answer" not in why.reason] == []


def test_a_sample_answer_follows_no_probe_up_either() -> None:
    asked = questions.question(1)
    said = Turn(asked=None, answer=answer(Category.PRODUCT_DESIGN, "solid"))
    follow_up = FollowUp(probe=Probe(criterion="Goal", question="What is the goal?"), earlier=(said,))

    stopped = handed_in(asked, (asked.sample_answer or "")[:400], follow_up)

    assert stopped is not None
    assert "sample answer" in stopped.reason


def test_two_sentences_of_the_sample_among_own_ones_are_no_copy() -> None:
    asked = questions.question(1)
    two = " ".join(re.split(r"(?<=[.!?])\s+", asked.sample_answer or "")[2:4])

    assert handed_in(asked, f"{answer(Category.PRODUCT_DESIGN, 'solid')} {two}") is None
