from pathlib import Path
from typing import Annotated

import pytest
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from coach.evaluation.toml_files import InvalidFile, TomlFile

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class Room:
    beds: int
    guests: tuple[str, ...] = ()


@dataclass(frozen=True, config=STRICT)
class House:
    street: str
    rooms: Annotated[tuple[Room, ...], Field(max_length=2)]


@dataclass(frozen=True, config=STRICT)
class Town:
    name: str
    houses: tuple[House, ...]


GOOD = """\
# A town.
name = "Elm"

[[houses]]
street = "North"

[[houses.rooms]]
beds = 1

[[houses.rooms]] # under the roof
beds = 2
guests = [
    "Ann",
    "Bea",
]

[[houses]]
street = "South"

  [[houses.rooms]]
  beds = 3

  [[houses.rooms]]
  beds = 4
"""
LINES = GOOD.splitlines()


def read(folder: Path, text: str) -> Town:
    path = folder / "town.toml"
    path.write_text(text, encoding="utf-8")
    return TomlFile(path).read(TypeAdapter(Town))


def mistakes(folder: Path, text: str) -> list[str]:
    """Without the folder that the file happens to be in."""
    with pytest.raises(InvalidFile) as refused:
        read(folder, text)
    assert str(refused.value) == "\n".join(refused.value.mistakes)
    assert all(mistake.startswith(f"{folder / 'town.toml'}:") for mistake in refused.value.mistakes)
    return [mistake.removeprefix(f"{folder / 'town.toml'}:") for mistake in refused.value.mistakes]


def changed(*changes: tuple[int, str | None]) -> str:
    """GOOD with lines replaced, or taken out, that are numbered as an editor does."""
    instead = dict(changes)
    made = [instead.get(number, line) for number, line in enumerate(LINES, start=1)]
    return "".join(f"{line}\n" for line in made if line is not None)


def test_a_file_is_read_into_its_type(tmp_path: Path) -> None:
    town = read(tmp_path, GOOD)

    assert town.name == "Elm"
    assert [[room.beds for room in house.rooms] for house in town.houses] == [[1, 2], [3, 4]]
    assert town.houses[0].rooms[1].guests == ("Ann", "Bea")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param(changed((8, "beds = ")), "8: not TOML: Invalid value", id="no value"),
        pytest.param(changed((5, 'street = "North')), "5: not TOML: Illegal character '\\n'", id="open quote"),
        pytest.param(changed((17, "[[houses")), "17: not TOML: Expected ']]' at the end of", id="open bracket"),
        pytest.param(changed((2, "name")), "2: not TOML: Expected '='", id="no equals sign"),
        pytest.param(changed((8, "beds = 1\nbeds = 2")), "9: not TOML: Cannot overwrite a value", id="key twice"),
        pytest.param(f"{GOOD}guests = [", "25: not TOML: Invalid value", id="the file breaks off"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(tmp_path: Path, text: str, mistake: str) -> None:
    (found,) = mistakes(tmp_path, text)

    assert found.startswith(mistake)
    assert "(at" not in found


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param(changed((2, None)), "1: name: Field required", id="missing in the file"),
        pytest.param(changed((5, None)), "4: houses 1, street: Field required", id="missing in a table"),
        pytest.param(changed((18, None)), "17: houses 2, street: Field required", id="missing in the second table"),
        pytest.param(changed((11, None)), "10: houses 1, rooms 2, beds: Field required", id="missing, two levels down"),
        pytest.param(changed((24, None)), "23: houses 2, rooms 2, beds: Field required", id="missing at the very end"),
        pytest.param(
            changed((11, 'beds = "two"')),
            "11: houses 1, rooms 2, beds: Input should be a valid integer, unable to parse string as an integer",
            id="wrong type",
        ),
        pytest.param(
            changed((24, "  beds = false\n  beds-of-straw = 1")),
            "25: houses 2, rooms 2, beds-of-straw: Unexpected keyword argument",
            id="unknown key",
        ),
        pytest.param(
            changed((24, "  beds = 4\n[[houses.barns]]\n[[houses.barns]]")),
            "25: houses 2, barns: Unexpected keyword argument",
            id="unknown table",
        ),
        pytest.param(changed((2, "name = 7")), "2: name: Input should be a valid string", id="wrong type on top"),
        pytest.param(
            changed((14, "    12,")),
            "12: houses 1, rooms 2, guests 2: Input should be a valid string",
            id="an item is on the line of its list",
        ),
        pytest.param(
            changed((8, "beds = 1\n[[houses.rooms]]\nbeds = 9")),
            "7: houses 1, rooms: Tuple should have at most 2 items after validation, not 3",
            id="too many are on the line of the first",
        ),
        pytest.param(
            changed((24, "  beds = 4\n  [[houses.rooms]]\n  beds = 9")),
            "20: houses 2, rooms: Tuple should have at most 2 items after validation, not 3",
            id="too many in the second table",
        ),
        pytest.param(
            changed((18, 'street = "South"\nrooms = [{beds = 1}, {beds = "x"}]'), *((n, None) for n in range(20, 25))),
            "19: houses 2, rooms 2, beds: Input should be a valid integer, unable to parse string as an integer",
            id="in inline tables",
        ),
        pytest.param("name = 'Elm'\n[houses]\n", "2: houses: Input should be a valid tuple", id="one table for many"),
    ],
)
def test_a_mistake_has_the_line_that_somebody_has_to_edit(tmp_path: Path, text: str, mistake: str) -> None:
    assert mistakes(tmp_path, text) == [mistake]


def test_an_item_with_a_mistake_is_not_said_to_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "beds.toml"
    path.write_text("beds = [1, 'x']\n", encoding="utf-8")
    shape = TypeAdapter(dict[str, Annotated[tuple[int, ...], Field(min_length=2)]])

    with pytest.raises(InvalidFile) as refused:
        TomlFile(path).read(shape)

    (mistake,) = refused.value.mistakes
    assert mistake.startswith(f"{path}:1: beds 2: Input should be a valid integer")


def test_all_mistakes_are_told_at_once_from_top_to_bottom(tmp_path: Path) -> None:
    text = changed((24, "  pets = 4"), (18, "street = 1"), (11, "beds = 'x'"), (2, None))

    assert mistakes(tmp_path, text) == [
        "1: name: Field required",
        "10: houses 1, rooms 2, beds: Input should be a valid integer, unable to parse string as an integer",
        "17: houses 2, street: Input should be a valid string",
        "22: houses 2, rooms 2, beds: Field required",
        "23: houses 2, rooms 2, pets: Unexpected keyword argument",
    ]


def test_lines_are_sorted_as_numbers(tmp_path: Path) -> None:
    text = "\ncolour = 1\n" + "\n" * 7 + "size = 1\n" + GOOD

    assert [mistake.split(":")[0] for mistake in mistakes(tmp_path, text)] == ["2", "10"]


def test_tables_in_a_table_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "shops.toml"
    path.write_text("[baker]\nbread = 1\n\n[butcher]\nham = 2\nbread = 'x'\n\n[grocer]\n", encoding="utf-8")

    with pytest.raises(InvalidFile) as refused:
        TomlFile(path).read(TypeAdapter(dict[str, dict[str, int]]))

    (mistake,) = refused.value.mistakes
    assert mistake.startswith(f"{path}:6: butcher, bread: ")


def test_a_line_inside_a_long_text_is_no_key(tmp_path: Path) -> None:
    text = changed((5, "street = '''\nyard = none\n'''\nyard = 1"))

    assert mistakes(tmp_path, text) == ["8: houses 1, yard: Unexpected keyword argument"]


def test_a_line_inside_a_long_text_is_no_table(tmp_path: Path) -> None:
    text = changed((5, "street = '''\n[[houses]]\n'''"), (11, None))

    assert mistakes(tmp_path, text) == ["12: houses 1, rooms 2, beds: Field required"]


def test_contradictions_of_the_callers_own_are_on_their_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "town.toml"
    path.write_text(GOOD, encoding="utf-8")

    refused = TomlFile(path).invalid(
        [
            (("houses", 1, "rooms", 0, "beds"), "too many beds"),
            (("houses", 0, "rooms", 1), "no such room"),
            ((), "too small a town"),
        ]
    )

    assert refused.mistakes == [f"{path}:1: too small a town", f"{path}:10: no such room", f"{path}:21: too many beds"]


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TomlFile(tmp_path / "none.toml")


def test_a_file_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "town.toml"
    path.write_bytes('name = "Köln"\nhouses = []\n'.encode("latin-1"))

    with pytest.raises(InvalidFile, match=r"town\.toml:1: "):
        TomlFile(path).read(TypeAdapter(Town))
