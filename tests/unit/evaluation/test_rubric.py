"""What holds of the project's rubrics besides their format, which `make check` looks at."""

import pytest

from coach.evaluation.rubric import rubric
from coach.evaluation.text import words
from coach.model import Category


@pytest.mark.parametrize("category", Category)
def test_every_criterion_tells_three_levels_apart_and_what_goes_wrong(category: Category) -> None:
    for criterion in rubric(category).criteria:
        levels = {criterion.weak, criterion.solid, criterion.outstanding}

        assert len(levels) == 3
        assert all(text == text.strip() and text for text in (*levels, *criterion.mistakes, *criterion.probes))


@pytest.mark.parametrize("category", Category)
def test_the_names_of_frameworks_differ(category: Category) -> None:
    names = [tuple(words(framework.name)) for framework in rubric(category).frameworks]

    assert len(set(names)) == len(names)


def test_the_first_two_frameworks_are_those_of_the_categories() -> None:
    named = {category.value: tuple(one.name for one in rubric(category).frameworks[:2]) for category in Category}

    assert {category: set(names) for category, names in named.items()} == {
        "product_design": {"CIRCLES", "Design Thinking"},
        "strategy": {"Porter's Five Forces", "SWOT"},
        "execution": {"RICE", "MoSCoW"},
        "analytical": {"Fermi Estimation", "Hypothesis Tree"},
        "project_management": {"Agile", "RACI"},
        "app_critique": {"HEART", "UX Heuristics"},
        "cross_functional": {"STAR", "Stakeholder Mapping"},
    }
