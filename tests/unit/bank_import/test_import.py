"""`make import`: what rows become, and how every mistake in a table is named."""

import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from bank_import.__main__ import main
from coach.model import Category, Difficulty
from tests.unit.bank_import.tables import ANOTHER, NOW, ROW, Storage, added, as_csv, as_xlsx, files, put, run

Write = Callable[[Path, Storage], Path]
COLUMN = dict(zip(ROW, "ABCDEFGH", strict=True))
WRITERS = [pytest.param(as_csv, "q.csv", id="csv"), pytest.param(as_xlsx, "q.xlsx", id="xlsx")]


def mistakes(bank: Path, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[str]:
    """What is wrong with a file, of which nothing comes into the bank."""
    before = files(bank)

    assert run(bank, *arguments) == 1

    found = capsys.readouterr()
    assert (found.out, files(bank)) == ("", before)
    said, _, _ = found.err.partition("\n\n")
    return said.splitlines()


# What rows become


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_row_is_a_question_of_the_bank(bank: Path, tmp_path: Path, write: Write, name: str) -> None:
    assert run(bank, write(tmp_path / name, [ROW])) == 0

    (question,) = added(bank)
    assert question.id == 8
    assert question.category is Category.STRATEGY
    assert question.subcategory == "Market Entry"
    assert question.difficulty is Difficulty.HARD
    assert question.question_text == "Should a bakery open at night?"
    assert question.frameworks == ("SWOT", "Porter's Five Forces")
    assert question.hint == "Who is awake?"
    assert question.sample_answer == ROW["sample_answer"]
    assert question.source == "PM Interview Coach"
    assert question.created_at == NOW.replace(microsecond=0)
    assert question.updated_at is None


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_the_files_written_are_named(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], write: Write, name: str
) -> None:
    before = files(bank)

    run(bank, write(tmp_path / name, [ROW, ANOTHER]))

    assert files(bank).keys() - before.keys() == {
        "strategy/0008-should-a-bakery-open-at-night.md",
        "execution/0009-should-a-florist-deliver-on-sundays.md",
    }
    assert capsys.readouterr().out.splitlines() == [
        f"{bank}/strategy/0008-should-a-bakery-open-at-night.md  Should a bakery open at night?",
        f"{bank}/execution/0009-should-a-florist-deliver-on-sundays.md  Should a florist deliver on Sundays?",
        "",
        "2 questions written; an app that runs serves them when it starts anew.",
    ]


def test_a_dry_run_shows_the_same_and_writes_nothing(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(bank)

    assert run(bank, as_csv(tmp_path / "q.csv", [ROW]), "--dry-run") == 0

    assert files(bank) == before
    assert capsys.readouterr().out.splitlines() == [
        f"{bank}/strategy/0008-should-a-bakery-open-at-night.md  Should a bakery open at night?",
        "",
        "1 question would be written.",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_as_spreadsheets_write_it(bank: Path, tmp_path: Path, separator: str, encoding: str) -> None:
    row = ROW | {"hint": "Où? And, one; more"}

    assert run(bank, as_csv(tmp_path / "q.CSV", [row], separator=separator, encoding=encoding)) == 0

    assert added(bank)[0].hint == "Où? And, one; more"


@pytest.mark.parametrize("line", ["sep={}\n", "SEP={}\r\n", '"sep={}"\r\n'])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_first_line_may_name_the_separator(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], separator: str, line: str
) -> None:
    path = as_csv(tmp_path / "q.csv", [ROW | {"sample_answer": "Yes."}, ANOTHER | {"hint": ""}], separator=separator)
    path.write_bytes(line.format(separator).encode() + path.read_bytes())

    assert mistakes(bank, capsys, path) == [f"{path}:4: hint: is empty"]


@pytest.mark.parametrize(("write", "name"), WRITERS)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("क्या हमें दान बढ़ाना चाहिए?", "क्या हमें दिन बढ़ाना चाहिए?"),
        ("Should we charge €5 a month?", "Should we charge $5 a month?"),
        ("Faut-il relever le cote du port ?", "Faut-il relever le côté du port ?"),
    ],
)
def test_questions_that_differ_in_a_letter_or_a_sign_are_two(
    bank: Path, tmp_path: Path, write: Write, name: str, one: str, other: str
) -> None:
    table = [ROW | {"question_text": one}, ROW | {"question_text": other}]

    assert run(bank, write(tmp_path / name, table)) == 0

    assert [question.question_text for question in added(bank)] == [one, other]


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_columns_have_any_order_and_case(bank: Path, tmp_path: Path, write: Write, name: str) -> None:
    row = {f" {column.upper()} ": text for column, text in reversed(ROW.items())}

    assert run(bank, write(tmp_path / name, [row])) == 0

    assert added(bank)[0].question_text == ROW["question_text"]


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_empty_rows_mean_nothing(bank: Path, tmp_path: Path, write: Write, name: str) -> None:
    empty = dict.fromkeys(ROW, " ")

    assert run(bank, write(tmp_path / name, [empty, ROW, empty, dict.fromkeys(ROW, ""), ANOTHER, empty])) == 0

    assert [question.id for question in added(bank)] == [8, 9]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["", ""], [8, 9]),
        (["", "8"], [9, 8]),
        (["8", ""], [8, 9]),
        (["3", ""], [3, 8]),  # a gap is filled by those alone who ask for it
        (["500", ""], [500, 8]),
        (["0012", "999999"], [12, 999999]),
    ],
)
def test_ids_are_those_given_or_the_next_that_are_free(
    bank: Path, tmp_path: Path, ids: list[str], expected: list[int]
) -> None:
    table = [row | {"id": own} for row, own in zip((ROW, ANOTHER), ids, strict=True)]

    assert run(bank, as_csv(tmp_path / "q.csv", table)) == 0

    by_text = {question.question_text: question.id for question in added(bank)}
    assert [by_text[row["question_text"]] for row in (ROW, ANOTHER)] == expected


@pytest.mark.parametrize(
    ("column", "text", "field", "value"),
    [
        ("difficulty", "", "difficulty", Difficulty.MEDIUM),
        ("difficulty", " Easy ", "difficulty", Difficulty.EASY),
        ("category", "Cross-functional", "category", Category.CROSS_FUNCTIONAL),
        ("category", "Product Design", "category", Category.PRODUCT_DESIGN),
        ("frameworks", "; RICE ;MoSCoW;", "frameworks", ("RICE", "MoSCoW")),
        ("hint", "  one  \r\n\r\n  two \r three\t\n", "hint", "one\n\n  two\n three"),
        ("hint", "#hashtag\n### smaller\n#", "hint", "#hashtag\n### smaller\n#"),
        ("sample_answer", '=1+1 "quoted" \\ +++ # x', "sample_answer", '=1+1 "quoted" \\ +++ # x'),
        ("source", 'A "book", p. 5\\6', "source", 'A "book", p. 5\\6'),
    ],
)
@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_cell_is_read_with_sense(
    bank: Path, tmp_path: Path, write: Write, name: str, column: str, text: str, field: str, value: object
) -> None:
    assert run(bank, write(tmp_path / name, [ROW | {column: text}])) == 0

    assert getattr(added(bank)[0], field) == value


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("Should a bakery, in the end, open at night?", "should-a-bakery-in-the-end"),
        ("Don’t we need l'Été à Zürich?", "dont-we-need-lete-a-zurich"),
        ("パン屋は夜に営業すべきですか。", "question"),
        ("Internationalisation of counterrevolutionaries isn't easy", "internationalisation-of-counterrevolutionaries"),
        ("Internationalisation of our counterrevolutionaries", "internationalisation-of-our"),
        ("x" * 300, "x" * 48),
    ],
)
def test_a_file_is_named_by_the_first_words(bank: Path, tmp_path: Path, question: str, slug: str) -> None:
    run(bank, as_csv(tmp_path / "q.csv", [ROW | {"question_text": question}]))

    assert f"strategy/0008-{slug}.md" in files(bank)


# The command


def test_without_a_file_it_says_how_the_table_looks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    said = capsys.readouterr().out
    assert all(f"\n  {column} " in said for column in [*ROW, "id"])
    assert "FILE=questions.xlsx" in said


def test_a_wrong_header_is_answered_with_the_right_one(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(bank, as_csv(tmp_path / "q.csv", [{"question": "Why?"}]))

    said = capsys.readouterr().err
    assert all(f"\n  {column} " in said for column in [*ROW, "id"])


def test_a_broken_bank_is_not_added_to(bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = put(bank, "strategy/0009-short.md", "Why?")

    found = mistakes(bank, capsys, as_csv(tmp_path / "q.csv", [ROW]))

    assert found == [f"{broken}: # Question: String should have at least 10 characters"]


# Mistakes in the table as a whole

HEADER = ",".join(ROW)
MISSING = [f"missing column {column!r}" for column in ROW]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["{}: nothing in it"]),
        (b"\r\n , ;\r\n\r\n", ["{}:2: unknown column ';'", *(f"{{}}:2: {missing}" for missing in MISSING)]),
        (f"{HEADER}\n\n".encode(), ["{}: no question below the header"]),
        (f"{HEADER},colour\n".encode(), ["{}:1: unknown column 'colour'"]),
        (f"\n{HEADER},HINT\n".encode(), ["{}:2: column 'hint' is there twice"]),
        (HEADER.replace("hint,", "").encode(), ["{}:1: missing column 'hint'"]),
        (f"{HEADER}\na,b\nCaf\xe9,".encode("latin-1"), ['{}:3: not UTF-8: save it as "CSV UTF-8"']),
        (HEADER.encode("utf-16"), ['{}:1: UTF-16, not UTF-8: save it as "CSV UTF-8"']),
        (f'{HEADER}\n\n"never\nclosed'.encode(), ["{}:3: not CSV from this row on: unexpected end of data"]),
        (f'{HEADER}\n"a"b,c\n'.encode(), ["{}:2: not CSV from this row on: ',' expected after '\"'"]),
    ],
)
def test_a_csv_that_is_no_table_is_refused(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, expected: list[str]
) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes(content)

    assert mistakes(bank, capsys, path) == [each.format(path) for each in expected]


def test_a_file_of_another_kind_is_refused(bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "q.ods"
    path.write_text("")

    assert mistakes(bank, capsys, path) == [f"{path}: not a .csv or .xlsx file: save it as one of them"]


@pytest.mark.parametrize("name", ["q.csv", "q.xlsx"])
def test_a_file_that_is_not_there_is_said_to_be_missing(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (said,) = mistakes(bank, capsys, tmp_path / name)

    assert said == f"[Errno 2] No such file or directory: '{tmp_path / name}'"


def test_a_csv_has_no_sheets(bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = as_csv(tmp_path / "q.csv", [ROW])

    found = mistakes(bank, capsys, path, "--sheet", "Ideas")

    assert found == [f"{path}: SHEET is for .xlsx files; this one is a single table"]


# Mistakes in a row

LONGER = "String should have at most 100 characters"
LONG = "x" * 101
WRONG = [
    *((column, " ", "is empty") for column in ROW if column not in ("difficulty", "frameworks")),
    *((column, "a\x00b", r"line 1 has a character that is no text: '\x00'") for column in ROW),
    *((column, "a\nb", "has more than one line") for column in ("category", "difficulty", "subcategory", "source")),
    *((column, "a\n# b", "line 2 would end the section") for column in ("question_text", "hint", "sample_answer")),
    ("id", "x", "must be a whole number from 1 to 999999, or empty"),
    ("id", "0", "must be a whole number from 1 to 999999, or empty"),
    ("id", "-5", "must be a whole number from 1 to 999999, or empty"),
    ("id", "1.5", "must be a whole number from 1 to 999999, or empty"),
    ("id", "1000000", "must be a whole number from 1 to 999999, or empty"),
    ("id", "٣", "must be a whole number from 1 to 999999, or empty"),
    ("id", "7", "7 is taken: {bank}/product_design/0007-design-a-lift.md"),
    ("category", "cookery", "Input should be 'product_design', 'strategy', 'execution', 'analytical', "),
    ("subcategory", LONG, LONGER),
    ("difficulty", "brutal", "Input should be 'easy', 'medium' or 'hard'"),
    ("question_text", "Why so?", "String should have at least 10 characters"),
    ("question_text", "## Hint\nWhy?", "line 1 would end the section in the bank's file: '## Hint'; ### would not"),
    (
        "question_text",
        "DESIGN - a *lift*\nfor a tower!",
        "the same question is there already: {bank}/product_design/0007",
    ),
    ("frameworks", " ", "is empty"),
    ("frameworks", " ; ", "Tuple should have at least 1 item"),
    ("frameworks", "SWOT;RICE; SWOT", "has a name twice"),
    ("sample_answer", "So:\r\n\r\n+++\r\nx", "line 3 would end the section in the bank's file: '+++'; ### would not"),
    ("source", LONG, LONGER),
]


@pytest.mark.parametrize(("column", "text", "message"), WRONG)
def test_a_mistake_in_a_csv_is_named_with_its_line_and_column(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, text: str, message: str
) -> None:
    path = as_csv(tmp_path / "q.csv", [ANOTHER, ROW | {column: text}])

    (found,) = mistakes(bank, capsys, path)

    # The row above has five lines.
    assert found.startswith(f"{path}:7: {column}: {message.format(bank=bank)}")


@pytest.mark.parametrize(("column", "text", "message"), [each for each in WRONG if "\x00" not in each[1]])
def test_a_mistake_in_a_workbook_is_named_with_its_sheet_and_cell(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, text: str, message: str
) -> None:
    path = as_xlsx(tmp_path / "q.xlsx", [ANOTHER, ROW | {column: text}])

    (found,) = mistakes(bank, capsys, path)

    place = f'{path}, sheet "Questions", cell {COLUMN.get(column, "I")}3'
    assert found.startswith(f"{place}: {column}: {message.format(bank=bank)}")


def test_every_mistake_in_every_row_is_named_in_order(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = ROW | {"sample_answer": "Yes."}
    first, second = good | {"hint": "", "source": LONG}, good | {"category": "", "id": "1"}
    path = as_csv(tmp_path / "q.csv", [good, first, second | {"question_text": "Why on earth?"}])

    found = mistakes(bank, capsys, path)

    assert found == [
        f"{path}:3: question_text: the same question is there already: {path}:2",
        f"{path}:3: hint: is empty",
        f"{path}:3: source: {LONGER}",
        f"{path}:4: category: is empty",
        f"{path}:4: id: 1 is taken: {bank}/product_design/0001-design-a-parking-app.md",
    ]


def test_an_id_may_not_be_given_twice(bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = as_xlsx(tmp_path / "q.xlsx", [{"id": 30} | ROW, {"id": "0030"} | ANOTHER])

    found = mistakes(bank, capsys, path)

    assert found == [
        f'{path}, sheet "Questions", cell A3: id: 30 is taken: {path}, sheet "Questions", cell A2',
    ]


def test_what_is_below_no_columns_name_is_refused(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "q.csv"
    as_csv(path, [ROW | {"": "a remark"}])
    path.write_bytes(path.read_bytes().rstrip() + b",and more,")

    found = mistakes(bank, capsys, path)

    assert found == [
        f"{path}:2: 'a remark' is below no column's name",
        f"{path}:2: 'and more' is below no column's name",
    ]


def test_columns_without_a_name_may_be_empty(bank: Path, tmp_path: Path) -> None:
    assert run(bank, as_csv(tmp_path / "q.csv", [ROW | {"": ""}])) == 0


def test_a_row_may_stop_after_its_last_cell(bank: Path, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "q.csv", [ROW | {"id": ""}])
    path.write_bytes(path.read_bytes().rstrip().removesuffix(b","))

    assert run(bank, path) == 0


# What workbooks can hold besides texts


def changed(change: Callable[[Worksheet], object]) -> Write:
    return lambda path, table: as_xlsx(path, table, change)


NOT_PLAIN = "a number or a date that may look other than it is stored: format the cell as text and type it anew"
MERGED = "give every row a cell of its own"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2024, "2024"),
        (2024.0, "2024"),
        ("2024", "2024"),
        # As a workbook spells characters that XML has not, and the sign by which it does.
        ("_x000D_\n2024_x000D_", "2024"),
        ("a_x005F_x000B_b", "a_x000B_b"),
        ("snake_case", "snake_case"),
    ],
)
def test_a_cell_is_the_text_that_the_workbook_shows(bank: Path, tmp_path: Path, value: object, text: str) -> None:
    assert run(bank, as_xlsx(tmp_path / "q.xlsx", [ROW | {"subcategory": value}])) == 0

    assert added(bank)[0].subcategory == text


def set_to(value: Any, number_format: str = "General") -> Callable[[Worksheet], object]:
    def change(sheet: Worksheet) -> None:
        sheet["F2"] = value
        sheet["F2"].number_format = number_format

    return change


def hide_row(sheet: Worksheet) -> None:
    sheet.row_dimensions[2].hidden = True


def hide_columns(sheet: Worksheet) -> None:
    sheet.column_dimensions.group("F", "G", hidden=True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (set_to(0.5), [f"F2: hint: {NOT_PLAIN}"]),
        (set_to(5, "0%"), [f"F2: hint: {NOT_PLAIN}"]),
        (set_to(date(2026, 11, 21), "yyyy-mm-dd"), [f"F2: hint: {NOT_PLAIN}"]),
        (set_to(True), ["F2: hint: a truth value, not a text"]),
        (set_to("#REF!"), ["F2: hint: the error #REF!"]),
        (set_to("a_x000B_b"), [r"F2: hint: line 1 has a character that is no text: '\x0b'"]),
        (set_to("_xD83D_"), [r"F2: hint: line 1 has a character that is no text: '\ud83d'"]),
        (set_to("=A2"), ["F2: hint: a formula without a stored value: paste the value itself"]),
        (
            lambda sheet: sheet.merge_cells("A2:A3"),
            [f"A2: category: merged (A2:A3): {MERGED}", "A3: category: is empty"],
        ),
        (lambda sheet: sheet.merge_cells("F1:G1"), [f"F1: merged (F1:G1): {MERGED}", "missing column 'sample_answer'"]),
        (hide_row, ["A2: category: in a hidden row: show it, or delete it"]),
        (
            hide_columns,
            ["F1: in a hidden column: show it, or delete it", "G1: in a hidden column: show it, or delete it"],
        ),
        (lambda sheet: sheet.insert_cols(1), []),
        (lambda sheet: sheet.insert_rows(1, 3), []),
        (lambda sheet: sheet.merge_cells("A9:H12"), []),
        (lambda sheet: sheet["K9"].number_format, []),  # a cell without anything in it
    ],
)
def test_what_a_workbook_does_not_say_plainly_is_refused(
    bank: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Worksheet], Any],
    expected: list[str],
) -> None:
    path = as_xlsx(tmp_path / "q.xlsx", [ROW, ANOTHER], change)
    place = f'{path}, sheet "Questions"'

    if expected:
        found = mistakes(bank, capsys, path)
        assert found == [f"{place}{':' if each.startswith('missing') else ', cell'} {each}" for each in expected]
    else:
        assert run(bank, path) == 0
        assert len(added(bank)) == 2


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Every part of a workbook."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, change(content))


def test_a_formula_counts_as_what_it_was_worked_out_to_be(bank: Path, tmp_path: Path) -> None:
    path = as_xlsx(tmp_path / "q.xlsx", [ROW], set_to('="Who is "&"up?"'))
    as_text, worked_out = rb'\1 t="str"\2<v>Who is up?</v>', rb'(<c r="F2")([^<]*<f>[^<]*</f>)<v ?(?:/>|></v>)'
    rewritten(path, lambda content: re.sub(worked_out, as_text, content))

    assert run(bank, path) == 0

    assert added(bank)[0].hint == "Who is up?"


def test_the_first_sheet_that_is_shown_is_the_table(bank: Path, tmp_path: Path) -> None:
    def hide_another(sheet: Worksheet) -> None:
        assert sheet.parent
        sheet.parent.create_sheet("Notes", 0).sheet_state = "hidden"
        sheet.parent.create_sheet("Ideas").append(["no table"])

    assert run(bank, as_xlsx(tmp_path / "q.xlsx", [ROW], hide_another)) == 0


def test_another_sheet_is_asked_for_by_its_name(bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def put_another_first(sheet: Worksheet) -> None:
        assert sheet.parent
        sheet.parent.create_sheet("Notes", 0)

    path = as_xlsx(tmp_path / "q.xlsx", [ROW], put_another_first)

    assert mistakes(bank, capsys, path) == [f"{path}: nothing in it"]
    assert mistakes(bank, capsys, path, "--sheet", "Ideas") == [
        f'{path}: no sheet "Ideas": there is "Notes", "Questions"'
    ]
    assert run(bank, path, "--sheet", "questions") == 0


def test_a_strict_workbook_is_told_what_to_be_saved_as(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = as_xlsx(tmp_path / "q.xlsx", [ROW])
    as_strict = (b"http://schemas.openxmlformats.org/spreadsheetml/2006/", b"http://purl.oclc.org/ooxml/spreadsheetml/")
    rewritten(path, lambda content: content.replace(*as_strict))

    assert mistakes(bank, capsys, path) == [f'{path}: a Strict Open XML workbook: save it as "Excel Workbook (*.xlsx)"']


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"PK\x03\x04", lambda content: content[:-900]])
def test_what_is_no_workbook_is_refused(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[bytes], bytes]
) -> None:
    path = as_xlsx(tmp_path / "q.xlsx", [ROW])
    path.write_bytes(damage(path.read_bytes()))

    (found,) = mistakes(bank, capsys, path)

    assert found.startswith(f"{path}: not a workbook that can be read, or one with a password: save it anew as .xlsx")
