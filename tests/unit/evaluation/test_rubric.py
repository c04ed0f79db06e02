from pathlib import Path

import pytest

from coach.evaluation.rubric import RubricError, Subscore, read, rubric
from coach.model import Category

CHECKS = """
[[criteria.checks]]
id = "{criterion}_a"
text = "names it"
cues = ["it"]

[[criteria.checks]]
id = "{criterion}_b"
text = "explains it"
cues = ["it"]
proof = ["reason"]

[[criteria.checks]]
id = "{criterion}_c"
text = "measures it"
cues = ["@metric"]
"""
CRITERION = """
[[criteria]]
name = "{criterion}"
weight = 25
feeds = ["framework", "structure", "completeness"]
mistake = "none"
example = "one"
"""
GOOD = 'version = "1"\n[[frameworks]]\nname = "F"\nuse = "do"\n' + "".join(
    (CRITERION + CHECKS).format(criterion=name) for name in "wxyz"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "strategy.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("category", Category)
def test_every_category_has_a_rubric_that_feeds_every_subscore(category: Category) -> None:
    made = rubric(category)

    assert made.category is category
    assert 4 <= len(made.criteria) <= 6
    assert {kind for criterion in made.criteria for kind in criterion.feeds} == set(Subscore)


def test_the_frameworks_are_those_of_the_categories() -> None:
    named = {category.value: {framework.name for framework in rubric(category).frameworks} for category in Category}

    assert named == {
        "product_design": {"CIRCLES", "Design Thinking"},
        "strategy": {"Porter's Five Forces", "SWOT"},
        "execution": {"RICE", "MoSCoW"},
        "analytical": {"Fermi Estimation", "Hypothesis Tree"},
        "project_management": {"Agile", "RACI"},
        "app_critique": {"HEART", "UX Heuristics"},
        "cross_functional": {"STAR", "Stakeholder Mapping"},
    }


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    made = read(written(tmp_path, GOOD), Category.STRATEGY)

    assert [criterion.name for criterion in made.criteria] == ["w", "x", "y", "z"]
    assert made.checks[1].proof == ("reason",)


@pytest.mark.parametrize(
    ("part", "instead", "complaint"),
    [
        ('version = "1"', "", "version is missing"),
        ("weight = 25", "weight = 0", "weight must be a whole number above 0"),
        ("weight = 25", 'weight = "25"', "weight must be a whole number above 0"),
        ('"framework", "structure"', '"framework", "style"', "'style' is not a valid Subscore"),
        ('id = "x_a"', 'id = "w_a"', "'w_a' is used twice"),
        ('proof = ["reason"]', 'proof = ["magic"]', "unknown cue list 'magic'"),
        ('cues = ["@metric"]', 'cues = ["@magic"]', "unknown cue list 'magic'"),
        ('text = "names it"', 'text = " "', "w_a: text is missing"),
        (', "structure", "completeness"]', "]", "no criterion feeds structure"),
        ("version", "version = = ", "Invalid"),
        (CHECKS.format(criterion="w").split("\n\n")[0], "", "criterion 'w' has 2 checks"),
        ('use = "do"', f'use = "{"do " * 50}"', "framework 'F' says more than 100 characters"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_what_is_wrong(
    tmp_path: Path, part: str, instead: str, complaint: str
) -> None:
    path = written(tmp_path, GOOD.replace(part, instead))

    with pytest.raises(RubricError) as refused:
        read(path, Category.STRATEGY)

    assert str(refused.value).startswith("strategy.toml: ")
    assert complaint in str(refused.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=r"^analytical\.toml: "):
        read(tmp_path / "analytical.toml", Category.ANALYTICAL)
