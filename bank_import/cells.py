"""CSV and XLSX files as cells of text, each with the place where its author finds it.

    questions.csv:12                             the line on which the row begins
    questions.xlsx, sheet "Questions", cell D7

What a spreadsheet shows and what it stores can differ. A cell whose text cannot be told for sure has a mistake instead.
"""

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import openpyxl
from openpyxl.cell import Cell as XlsxCell
from openpyxl.cell import MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from bank_import import Refused

SEPARATORS = ",;\t"
SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n ])"?\r?\n', re.IGNORECASE)
"""A first line that names the separator, for Excel."""
STRICT = b"http://purl.oclc.org/ooxml/"
"""What the names in a Strict Open XML workbook begin with, which openpyxl does not know."""
SHOWN_AS_STORED = {"General", "@", "0"}
"""Number formats in which a whole number looks like its digits."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`mistake` says why there is no text that could be used."""

    place: str
    text: str
    mistake: str = ""


Line = list[Cell]
"""A row that holds something: its cells from the first column on, as far as there are any."""


def read(path: Path, sheet: str | None = None, *, known: frozenset[str] = frozenset()) -> list[Line]:
    """The rows that are not empty. `known` names in the header tell the separator. Raises Refused or OSError."""
    kind = path.suffix.lower()
    if kind == ".xlsx":
        lines = list(_xlsx(path, sheet))
    elif kind != ".csv":
        raise Refused(f"{path}: not a .csv or .xlsx file: save it as one of them")
    elif sheet is not None:
        raise Refused(f"{path}: SHEET is for .xlsx files; this one is a single table")
    else:
        lines = list(_csv(path, known))
    return [line for line in lines if any(cell.text.strip() or cell.mistake for cell in line)]


def _csv(path: Path, known: frozenset[str]) -> Iterator[Line]:
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refused(f'{path}:1: UTF-16, not UTF-8: save it as "CSV UTF-8"')
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(f'{path}:{line}: not UTF-8: save it as "CSV UTF-8"') from None
    named = SEPARATOR_LINE.match(text)
    separator = named[1] if named else _separator(text, known)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    if named:
        next(reader)
    while True:
        place = f"{path}:{reader.line_num + 1}"
        try:
            texts = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused(f"{place}: not CSV from this row on: {error}") from None
        yield [Cell(place, text) for text in texts]


def _separator(text: str, known: frozenset[str]) -> str:
    """The one that finds most of the known names in the first row that is not empty; else the most cells."""

    def found(separator: str) -> tuple[int, int]:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            header = next((row for row in rows if any(map(str.strip, row))), [])
        except csv.Error:
            return 0, 0
        return sum(name.strip().lower() in known for name in header), len(header)

    return max(SEPARATORS, key=found)


def _xlsx(path: Path, name: str | None) -> Iterator[Line]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drawings and formats, which openpyxl leaves out
        try:
            with path.open("rb") as file:
                if _is_strict(file):
                    raise Refused(f'{path}: a Strict Open XML workbook: save it as "Excel Workbook (*.xlsx)"')
                stored = openpyxl.load_workbook(file, data_only=True)
                formulas = openpyxl.load_workbook(file)
        except (OSError, Refused):
            raise
        except Exception as error:  # whatever openpyxl's parts stumble over
            raise Refused(
                f"{path}: not a workbook that can be read, or one with a password: save it anew as .xlsx ({error})"
            ) from None
    sheet = _sheet(path, [each for each in stored.worksheets if isinstance(each, Worksheet)], name)
    asked = formulas[sheet.title]
    merged = {(each.min_row, each.min_col): each.coord for each in sheet.merged_cells.ranges}
    hidden = {
        column
        for each in sheet.column_dimensions.values()
        if each.hidden
        for column in range(each.min or 0, (each.max or 0) + 1)
    }
    rows: dict[int, dict[int, Cell]] = {}
    # Only the cells that are there: `iter_rows` would make all those between them.
    for (row, column), cell in sorted(sheet._cells.items()):
        text, mistake = _told(cell, asked._cells.get((row, column)))
        if text.strip() or mistake:
            if (row, column) in merged:
                mistake = f"merged ({merged[row, column]}): give every row a cell of its own"
            elif column in hidden:
                mistake = "in a hidden column: show it, or delete it"
                hidden.remove(column)  # said once
            elif row not in rows and sheet.row_dimensions[row].hidden:
                mistake = "in a hidden row: show it, or delete it"
            rows.setdefault(row, {})[column] = Cell(_place(path, sheet, row, column), text, mistake)
    width = max((column for cells in rows.values() for column in cells), default=0)
    for row, cells in rows.items():
        yield [cells.get(column) or Cell(_place(path, sheet, row, column), "") for column in range(1, width + 1)]


def _is_strict(file: BinaryIO) -> bool:
    with zipfile.ZipFile(file) as book:
        return any(STRICT in book.read(name) for name in book.namelist() if name.endswith("workbook.xml"))


def _place(path: Path, sheet: Worksheet, row: int, column: int) -> str:
    return f'{path}, sheet "{sheet.title}", cell {get_column_letter(column)}{row}'


def _sheet(path: Path, sheets: list[Worksheet], name: str | None) -> Worksheet:
    """The one of that name, or else the first that is not hidden."""
    if name is None:
        found = next((sheet for sheet in sheets if sheet.sheet_state == "visible"), None)
    else:
        found = next((sheet for sheet in sheets if sheet.title.casefold() == name.casefold()), None)
    if found is None:
        titles = ", ".join(f'"{sheet.title}"' for sheet in sheets)
        raise Refused(f'{path}: no sheet "{name}": there is {titles}' if name else f"{path}: no sheet is visible")
    return found


def _told(cell: XlsxCell | MergedCell, formula: XlsxCell | MergedCell | None) -> tuple[str, str]:
    """The text of a cell, or what is wrong with it."""
    value = cell.value
    if value is None:
        if formula is not None and formula.data_type == "f":
            return "", "a formula without a stored value: paste the value itself"
        return "", ""
    if cell.data_type == "e":
        return "", f"the error {value}"
    if isinstance(value, str):
        return unescape(value), ""  # a workbook spells a carriage return _x000D_
    if isinstance(value, bool):
        return "", "a truth value, not a text"
    if isinstance(value, int | float) and float(value).is_integer() and cell.number_format in SHOWN_AS_STORED:
        return str(int(value)), ""
    return "", "a number or a date that may look other than it is stored: format the cell as text and type it anew"
