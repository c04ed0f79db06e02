from pathlib import Path

import pytest

from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, Rubric, Subscore, read, rubric
from coach.evaluation.text import words
from coach.evaluation.toml_files import InvalidFile
from coach.model import Category

HEAD = """\
version = "1"

[[frameworks]]
name = "First"
use = "do this"

[[frameworks]]
name = "Second"
use = "do that"
"""
CRITERION = """
[[criteria]]
name = "Criterion {name}"
weight = 25
feeds = ["framework", "structure", "completeness"]
weak = "none of {name}"
solid = "some of {name}"
outstanding = "all of {name}"
mistakes = ["forgetting {name}"]
probes = ["Why {name}?"]
example = "Say {name}."

[[criteria.checks]]
id = "{name}_named"
text = "names {name}"

[[criteria.checks]]
id = "{name}_explained"
text = "explains {name}"

[[criteria.checks]]
id = "{name}_measured"
text = "measures {name}"
"""
GOOD = HEAD + "".join(CRITERION.format(name=name) for name in "wxyz")


def read_text(folder: Path, text: str) -> Rubric:
    path = folder / "strategy.toml"
    path.write_text(text, encoding="utf-8")
    return read(path, Category.STRATEGY)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidFile) as refused:
        read_text(folder, text)
    return [mistake.removeprefix(f"{folder / 'strategy.toml'}:") for mistake in refused.value.mistakes]


def line_of(part: str) -> int:
    """Of a part that GOOD has once."""
    assert GOOD.count(part) == 1, part
    return GOOD[: GOOD.index(part)].count("\n") + 1


def line_in(name: str, part: str) -> int:
    """Of a part that each criterion of GOOD has, in this one."""
    criterion = CRITERION.format(name=name)
    start = GOOD.index(criterion) + criterion.index(part)
    return GOOD[:start].count("\n") + 1


@pytest.mark.parametrize("category", Category)
def test_every_category_has_a_rubric_that_feeds_every_subscore(category: Category) -> None:
    made = rubric(category)

    assert made.category is category
    assert 4 <= len(made.criteria) <= 6
    assert all(3 <= len(criterion.checks) <= 6 for criterion in made.criteria)
    assert {kind for criterion in made.criteria for kind in criterion.feeds} == set(Subscore)


@pytest.mark.parametrize("category", Category)
def test_every_criterion_tells_three_levels_apart_and_what_goes_wrong(category: Category) -> None:
    for criterion in rubric(category).criteria:
        levels = {criterion.weak, criterion.solid, criterion.outstanding}

        assert len(levels) == 3
        assert all(text == text.strip() and text for text in (*levels, *criterion.mistakes, *criterion.probes))


@pytest.mark.parametrize("category", Category)
def test_every_framework_can_be_shown_whole(category: Category) -> None:
    assert all(len(str(framework)) <= FRAMEWORK_MAX_CHARS for framework in rubric(category).frameworks)


@pytest.mark.parametrize("category", Category)
def test_all_check_ids_and_names_of_frameworks_differ(category: Category) -> None:
    made = rubric(category)
    ids, names = [check.id for check in made.checks], [tuple(words(framework.name)) for framework in made.frameworks]

    assert len(set(ids)) == len(ids)
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


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    made = read_text(tmp_path, GOOD)

    first = made.criteria[0]
    assert (made.category, made.version) == (Category.STRATEGY, "1")
    assert [str(framework) for framework in made.frameworks] == ["First: do this", "Second: do that"]
    assert [criterion.name[-1] for criterion in made.criteria] == ["w", "x", "y", "z"]
    assert (first.weight, first.feeds) == (25, (Subscore.FRAMEWORK, Subscore.STRUCTURE, Subscore.COMPLETENESS))
    assert (first.weak, first.solid, first.outstanding) == ("none of w", "some of w", "all of w")
    assert (first.mistakes, first.probes, first.example) == (("forgetting w",), ("Why w?",), "Say w.")
    assert [check.id for check in made.checks][:4] == ["w_named", "w_explained", "w_measured", "x_named"]
    assert made.checks[4].text == "explains x"


def test_space_around_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    made = read_text(tmp_path, GOOD.replace('"names w"', '"""\n  names w\n"""'))

    assert made.checks[0].text == "names w"


@pytest.mark.parametrize(
    ("part", "instead", "line", "mistake"),
    [
        ('version = "1"', "version = 1", 1, "version: Input should be a valid string"),
        ('version = "1"', "", 1, "version: Field required"),
        ('use = "do that"', "", 7, "frameworks 2, use: Field required"),
        ('use = "do that"', 'use = " "', 9, "frameworks 2, use: String should have at least 1 character"),
        ('name = "Second"', 'name = "Second"\ncolour = "red"', 9, "frameworks 2, colour: Unexpected keyword argument"),
        (
            'use = "do that"',
            f'use = "{"do " * 40}"',
            9,
            f"name and use have more than {FRAMEWORK_MAX_CHARS} characters together",
        ),
    ],
)
def test_a_mistake_at_the_top_is_named_with_its_line(
    tmp_path: Path, part: str, instead: str, line: int, mistake: str
) -> None:
    assert mistakes(tmp_path, GOOD.replace(part, instead)) == [f"{line}: {mistake}"]


def test_a_framework_may_have_as_many_characters_as_an_attempt_can_hold(tmp_path: Path) -> None:
    most = FRAMEWORK_MAX_CHARS - len("Second: ")

    made = read_text(tmp_path, GOOD.replace("do that", "x" * most))
    found = mistakes(tmp_path, GOOD.replace("do that", "x" * (most + 1)))

    assert len(str(made.frameworks[1])) == FRAMEWORK_MAX_CHARS
    assert found == [f"9: name and use have more than {FRAMEWORK_MAX_CHARS} characters together"]


@pytest.mark.parametrize("key", ["name", "weak", "solid", "outstanding", "example"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('""', "String should have at least 1 character"),
        ('" \\t "', "String should have at least 1 character"),
        ("5", "Input should be a valid string"),
        ('["a"]', "Input should be a valid string"),
    ],
)
def test_a_text_of_a_criterion_has_to_say_something(tmp_path: Path, key: str, value: str, problem: str) -> None:
    criterion = CRITERION.format(name="y")
    line = next(line for line in criterion.splitlines() if line.startswith(f"{key} = "))
    text = GOOD.replace(criterion, criterion.replace(line, f"{key} = {value}"))

    assert f"{line_in('y', line)}: criteria 3, {key}: {problem}" in mistakes(tmp_path, text)


@pytest.mark.parametrize("key", ["weight", "feeds", "weak", "solid", "outstanding", "mistakes", "probes", "example"])
def test_what_a_criterion_lacks_is_told_at_its_head(tmp_path: Path, key: str) -> None:
    criterion = CRITERION.format(name="y")
    line = next(line for line in criterion.splitlines() if line.startswith(f"{key} = "))
    text = GOOD.replace(criterion, criterion.replace(f"{line}\n", ""))

    head = line_in("y", "[[criteria]]")
    assert f"{head}: criteria 3, {key}: Field required" in mistakes(tmp_path, text)


@pytest.mark.parametrize(
    ("key", "value", "place", "problem"),
    [
        ("weight", "0", "", "Input should be greater than or equal to 1"),
        ("weight", "-25", "", "Input should be greater than or equal to 1"),
        ("weight", '"25"', "", "Input should be a valid integer"),
        ("weight", "25.0", "", "Input should be a valid integer"),
        ("weight", "true", "", "Input should be a valid integer"),
        ("feeds", "[]", "", "Tuple should have at least 1 item after validation, not 0"),
        ("feeds", '["style"]', " 1", "Input should be 'framework', 'structure' or 'completeness'"),
        ("feeds", '"framework"', "", "Input should be a valid tuple"),
        ("mistakes", "[]", "", "Tuple should have at least 1 item after validation, not 0"),
        ("mistakes", '["a", ""]', " 2", "String should have at least 1 character"),
        ("mistakes", '"a"', "", "Input should be a valid tuple"),
        ("probes", "[]", "", "Tuple should have at least 1 item after validation, not 0"),
        ("probes", '["a?", " "]', " 2", "String should have at least 1 character"),
    ],
)
def test_a_wrong_value_of_a_criterion_is_told_on_its_line(
    tmp_path: Path, key: str, value: str, place: str, problem: str
) -> None:
    criterion = CRITERION.format(name="y")
    line = next(line for line in criterion.splitlines() if line.startswith(f"{key} = "))
    text = GOOD.replace(criterion, criterion.replace(line, f"{key} = {value}"))

    expected = f"{line_in('y', line)}: criteria 3, {key}{place}: {problem}"
    assert expected in mistakes(tmp_path, text)


@pytest.mark.parametrize("key", ["cues", "mistake", "wieght"])
def test_a_key_that_no_rubric_has_is_told_on_its_line(tmp_path: Path, key: str) -> None:
    text = GOOD.replace('example = "Say z."', f'example = "Say z."\n{key} = ["it"]')

    line = line_of('example = "Say z."') + 1
    assert f"{line}: criteria 4, {key}: Unexpected keyword argument" in mistakes(tmp_path, text)


@pytest.mark.parametrize(
    ("part", "instead", "offset", "mistake"),
    [
        ('id = "z_explained"', "", -1, "criteria 4, checks 2, id: Field required"),
        ('text = "explains z"', "", -2, "criteria 4, checks 2, text: Field required"),
        ('text = "explains z"', 'text = ""', 0, "criteria 4, checks 2, text: String should have at least 1 character"),
        ('text = "explains z"', "text = 3", 0, "criteria 4, checks 2, text: Input should be a valid string"),
        (
            'id = "z_explained"',
            'id = "Z explained"',
            0,
            "criteria 4, checks 2, id: String should match pattern '^[a-z][a-z0-9_]*$'",
        ),
        (
            'id = "z_explained"',
            'id = "2_explained"',
            0,
            "criteria 4, checks 2, id: String should match pattern '^[a-z][a-z0-9_]*$'",
        ),
        (
            'text = "explains z"',
            'text = "explains z"\nproof = ["reason"]',
            1,
            "criteria 4, checks 2, proof: Unexpected keyword argument",
        ),
    ],
)
def test_a_mistake_in_a_check_is_told_on_its_line(
    tmp_path: Path, part: str, instead: str, offset: int, mistake: str
) -> None:
    expected = f"{line_of(part) + offset}: {mistake}"

    assert expected in mistakes(tmp_path, GOOD.replace(part, instead))


def test_a_mistake_in_a_check_is_not_taken_for_a_check_too_few(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD.replace('text = "explains z"', 'text = ""'))

    assert [mistake for mistake in found if "Tuple should have" in mistake] == []


def test_every_criterion_has_at_least_three_checks(tmp_path: Path) -> None:
    third = '[[criteria.checks]]\nid = "x_measured"\ntext = "measures x"\n'

    found = mistakes(tmp_path, GOOD.replace(third, ""))

    first_check = line_in("x", "[[criteria.checks]]")
    assert f"{first_check}: criteria 2, checks: Tuple should have at least 3 items after validation, not 2" in found


def test_a_criterion_without_checks_is_told_at_its_head(tmp_path: Path) -> None:
    criterion = CRITERION.format(name="x")
    without = criterion[: criterion.index("[[criteria.checks]]")]

    found = mistakes(tmp_path, GOOD.replace(criterion, without))

    assert f"{line_in('x', '[[criteria]]')}: criteria 2, checks: Field required" in found


def test_no_criterion_has_more_than_six_checks(tmp_path: Path) -> None:
    last = 'text = "measures z"\n'
    more = "".join(f'[[criteria.checks]]\nid = "more_{number}"\ntext = "more"\n' for number in range(4))

    found = mistakes(tmp_path, GOOD.replace(last, last + more))

    first_check = line_in("z", "[[criteria.checks]]")
    assert f"{first_check}: criteria 4, checks: Tuple should have at most 6 items after validation, not 7" in found


@pytest.mark.parametrize(("names", "problem"), [("wxy", "at least 4"), ("tuvwxyz", "at most 6")])
def test_a_rubric_has_four_to_six_criteria(tmp_path: Path, names: str, problem: str) -> None:
    text = HEAD + "".join(CRITERION.format(name=name) for name in names)

    assert mistakes(tmp_path, text) == [
        f"11: criteria: Tuple should have {problem} items after validation, not {len(names)}"
    ]


def test_a_rubric_has_a_framework(tmp_path: Path) -> None:
    text = 'version = "1"\n' + GOOD.removeprefix(HEAD)

    assert mistakes(tmp_path, text) == ["1: frameworks: Field required"]


@pytest.mark.parametrize("missing", Subscore)
def test_every_subscore_is_fed(tmp_path: Path, missing: Subscore) -> None:
    others = [f'"{kind}"' for kind in Subscore if kind is not missing]

    found = mistakes(tmp_path, GOOD.replace('"framework", "structure", "completeness"', ", ".join(others)))

    assert found == [f"1: no criterion feeds {missing}"]


def test_a_subscore_may_be_fed_by_a_single_criterion(tmp_path: Path) -> None:
    feeds = 'feeds = ["framework", "structure", "completeness"]'
    text = GOOD.replace(feeds, 'feeds = ["framework"]', 1).replace(feeds, 'feeds = ["structure"]', 1)

    assert read_text(tmp_path, text).criteria[1].feeds == (Subscore.STRUCTURE,)


def test_an_id_that_another_criterion_has_is_told_where_it_comes_again(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD.replace('id = "y_named"', 'id = "w_explained"'))

    line = line_of('id = "y_named"')
    assert found == [f"{line}: there is another check 'w_explained'"]


def test_a_name_that_another_criterion_has_is_told_where_it_comes_again(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD.replace('name = "Criterion y"', 'name = "Criterion w"'))

    line = line_of('name = "Criterion y"')
    assert found == [f"{line}: there is another criterion 'Criterion w'"]


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, GOOD.replace('weak = "none of x"', 'weak = none of "x"'))

    line = line_of('weak = "none of x"')
    assert found.startswith(f"{line}: not TOML: ")


def test_all_values_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('version = "1"', "version = 1").replace('weak = "none of x"', 'weak = ""')

    found = mistakes(tmp_path, text.replace('text = "measures z"', 'txt = "measures z"'))

    weak, last = line_of('weak = "none of x"'), line_of('text = "measures z"')
    assert found[0] == "1: version: Input should be a valid string"
    assert {
        f"{weak}: criteria 2, weak: String should have at least 1 character",
        f"{last - 2}: criteria 4, checks 3, text: Field required",
        f"{last}: criteria 4, checks 3, txt: Unexpected keyword argument",
    } <= set(found)


def test_all_contradictions_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('id = "y_named"', 'id = "w_named"').replace('"Criterion z"', '"Criterion x"')

    found = mistakes(tmp_path, text.replace('"structure", ', "").replace("do this", "do " * 40))

    check, criterion = line_of('id = "y_named"'), line_of('name = "Criterion z"')
    assert found == [
        "1: no criterion feeds structure",
        f"5: name and use have more than {FRAMEWORK_MAX_CHARS} characters together",
        f"{check}: there is another check 'w_named'",
        f"{criterion}: there is another criterion 'Criterion x'",
    ]


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="analytical"):
        read(tmp_path / "analytical.toml", Category.ANALYTICAL)
