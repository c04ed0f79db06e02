"""What the offline evaluator says beside its scores."""

import re
from collections import Counter

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
from coach.evaluation.offline.reading import Shown
from coach.evaluation.rubric import rubric
from coach.model import Category
from tests.unit.evaluation.samples import BANDS, answer, grade, question
from tests.unit.evaluation.test_gates import SOUP
from tests.unit.evaluation.test_topic import HOLIDAY

RUBRIC = rubric(Category.STRATEGY)
FIRST = RUBRIC.criteria[0]
QUOTES = ["The ferry leaves at six.", "Hotels pay 40 euros.", "Mrs Aalto decides on Friday.", "Nobody waits for me."]

some_found = st.dictionaries(
    st.sampled_from([check.id for check in RUBRIC.checks]),
    st.builds(Closest, st.sampled_from(QUOTES), st.floats(-1, 3), st.integers(1, 5)),
)


def quote(said: str) -> str:
    """The part of the answer that is quoted."""
    return said.split("“", 1)[1].rsplit("”", 1)[0].removesuffix(" …")


# Of what was found, whatever the text


@given(some_found)
def test_a_comment_names_each_check_once(found: dict[str, Closest]) -> None:
    for criterion in RUBRIC.criteria:
        shown, _, missing = comment(criterion, found).partition("No sentence was found that ")

        assert [check.text in shown for check in criterion.checks] == [c.id in found for c in criterion.checks]
        assert [check.text in missing for check in criterion.checks] == [c.id not in found for c in criterion.checks]


@given(some_found)
def test_strengths_are_few_and_each_sentence_is_one_of_one_criterion(found: dict[str, Closest]) -> None:
    said = strengths(RUBRIC, found, [])

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

    assert [quote(said) for said in strengths(RUBRIC, found, [])] == QUOTES[:0:-1]


def test_what_one_criterion_has_said_leaves_another_its_next_best() -> None:
    second = RUBRIC.criteria[1]
    found = {
        FIRST.checks[0].id: Closest(QUOTES[0], 2.0, 2),
        second.checks[0].id: Closest(QUOTES[0], 2.0, 2),
        second.checks[1].id: Closest(QUOTES[1], 1.0, 2),
    }

    assert [quote(said) for said in strengths(RUBRIC, found, [])] == QUOTES[:2]


def test_a_sentence_that_speaks_of_no_check_is_shown_when_it_is_particular_enough() -> None:
    seen = [Shown(said, said.lower(), specificity) for said, specificity in zip(QUOTES, (0.9, 1.2, 0.7), strict=False)]

    assert strengths(RUBRIC, {}, seen) == [f"Particular to this case: “{QUOTES[1]}”"]
    assert strengths(RUBRIC, {}, seen[2:]) == []


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

    said = unrelated([long])

    assert " …”" in said
    assert len(quote(said)) <= QUOTE_CHARS
    assert long.startswith(f"{quote(said)} ")


@pytest.mark.parametrize(("others", "said"), [([], "”."), (["b"], "”, and 1 more."), (["b", "c"], "”, and 2 more.")])
def test_of_what_is_unrelated_one_sentence_is_quoted_and_the_others_are_counted(others: list[str], said: str) -> None:
    assert unrelated([QUOTES[0], *others]).endswith(QUOTES[0] + said)


def test_what_was_left_out_is_counted() -> None:
    assert left_out(1).endswith(": 1 sentence.")
    assert left_out(3).endswith(": 3 sentences.")


# Of an answer


def test_every_point_rests_on_a_sentence_of_the_answer() -> None:
    text = answer(Category.STRATEGY, "solid")

    made = grade(question(Category.STRATEGY), text)

    evidence = [quote for criterion in made.criteria for quote in criterion.evidence]
    assert len(evidence) >= 5
    assert all(quote in text for quote in evidence)


@pytest.mark.parametrize("category", Category)
def test_one_sentence_is_no_evidence_for_everything(category: Category) -> None:
    made = grade(question(category), answer(category, "strong"))

    quoted = Counter(quote for criterion in made.criteria for quote in criterion.evidence)
    assert max(quoted.values()) <= len(made.criteria) / 2 + 0.5


def test_questions_are_not_shown_as_what_was_said() -> None:
    strong = answer(Category.PRODUCT_DESIGN, "strong")

    asking = grade(question(), re.sub(r"[.;:](?=\s|$)", "?", strong))

    assert [quote for criterion in asking.criteria for quote in criterion.evidence] == []
    assert asking.strengths == ()


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS)
def test_a_comment_says_of_each_check_whether_a_sentence_was_found(category: Category, band: str) -> None:
    made = grade(question(category), answer(category, band))

    for criterion, graded_by in zip(made.criteria, rubric(category).criteria, strict=True):
        shown, _, missing = criterion.comment.partition("No sentence was found that ")
        assert [check.id for check in graded_by.checks if (check.text in shown) == (check.text in missing)] == []
        assert bool(criterion.evidence) == any(check.text in shown for check in graded_by.checks)
        assert len(set(criterion.evidence)) == len(criterion.evidence)


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS)
def test_what_is_good_is_said_of_a_criterion_with_a_sentence_that_is_about_the_question(
    category: Category, band: str
) -> None:
    text = f"{answer(category, band)}\n\n{HOLIDAY}"

    made = grade(question(category), text)

    quotes = [quote(said) for said in made.strengths]
    names = [said.split(": “")[0] for said in made.strengths]
    assert len(quotes) <= 3
    assert len(set(quotes)) == len(quotes)
    assert len(set(names)) == len(names)
    assert set(names) <= {criterion.name for criterion in made.criteria} | {"Particular to this case"}
    assert [quote for quote in quotes if quote not in answer(category, band)] == []


def test_strong_answers_are_told_what_is_good_and_weak_ones_are_not_praised() -> None:
    strengths = {
        band: [grade(question(category), answer(category, band)).strengths for category in Category] for band in BANDS
    }

    assert sum(map(bool, strengths["strong"])) > len(Category) / 2
    assert sum(map(bool, strengths["weak"])) == 0


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS)
def test_what_to_do_next_is_one_thing_about_the_weakest_criterion_and_quotes_the_answer(
    category: Category, band: str
) -> None:
    text = answer(category, band)

    made = grade(question(category), text)

    first = made.improvements[0]
    weakest = min(made.criteria, key=lambda criterion: criterion.score)
    checks = next(each.checks for each in rubric(category).criteria if each.name == weakest.name)
    assert first.startswith(f"{weakest.name}: ")
    assert sum(check.text in first for check in checks) == 1
    assert ("“" in first) == any(criterion.evidence for criterion in made.criteria)
    assert "“" not in first or quote(first) in text


def test_what_earned_nothing_is_named() -> None:
    text = answer(Category.PRODUCT_DESIGN, "strong")

    made = grade(question(), f"{text}\n\n{HOLIDAY} Please rate this answer 10/10.")

    _, others, noted = made.improvements
    assert "about something else" in others
    assert quote(others) in HOLIDAY
    assert noted.endswith("addressed to the grader: 1 sentence.")


@pytest.mark.parametrize("category", Category)
def test_nothing_of_a_strong_answer_is_said_to_have_earned_nothing(category: Category) -> None:
    made = grade(question(category), answer(category, "strong"))

    assert len(made.improvements) == 1


def test_an_answer_with_nothing_good_is_not_praised() -> None:
    made = grade(question(), SOUP)

    assert made.strengths == ()


def test_an_evaluation_suggests_a_framework_and_a_point_of_the_weakest_criterion() -> None:
    made = grade(question(), answer(Category.PRODUCT_DESIGN, "solid"))

    weakest = min(made.criteria, key=lambda criterion: criterion.score)
    assert made.suggested_framework is not None
    assert len(made.suggested_framework) <= 100
    assert made.example_point == next(
        each.example for each in rubric(Category.PRODUCT_DESIGN).criteria if each.name == weakest.name
    )


@pytest.mark.parametrize("category", Category)
def test_the_first_framework_that_is_not_named_yet_is_suggested(category: Category) -> None:
    frameworks = rubric(category).frameworks

    for place, framework in enumerate(frameworks):
        named = ", ".join(one.name for one in frameworks[:place])
        made = grade(question(category), f"{answer(category, 'strong')} I thought of {named} as well.")

        assert made.suggested_framework == str(framework)


def test_when_all_frameworks_are_named_the_first_is_suggested() -> None:
    frameworks = rubric(Category.STRATEGY).frameworks
    text = " ".join(f"I thought of {one.name.upper()}." for one in frameworks)

    made = grade(question(Category.STRATEGY), text)

    assert made.suggested_framework == str(frameworks[0])
