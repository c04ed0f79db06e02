"""Tables to import, as real files, and a small bank to import them into."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from bank_import.__main__ import main
from bank_import.question_files import check
from coach.model import Question

NOW = datetime(2026, 11, 21, 9, 30, 5, 999, tzinfo=UTC)

ROW = {
    "category": "strategy",
    "subcategory": "Market Entry",
    "difficulty": "hard",
    "question_text": "Should a bakery open at night?",
    "frameworks": "SWOT; Porter's Five Forces",
    "hint": "Who is awake?",
    "sample_answer": "It depends on who walks by.\n\n### Then\n\n- Ask the neighbours.",
    "source": "PM Interview Coach",
}
ANOTHER = ROW | {"question_text": "Should a florist deliver on Sundays?", "category": "execution"}

PAGE = """+++
id = {id}
subcategory = "Mobile App Design"
difficulty = "medium"
frameworks = ["CIRCLES"]
source = "PM Interview Coach"
created_at = 2026-11-21T09:00:00Z
+++

# Question

{question}

## Hint

Whose trouble is it?

## Sample answer

First, the goal.
"""

Storage = Sequence[Mapping[str, Any]]


@contextmanager
def a_bank() -> Iterator[Path]:
    """A bank with the questions 1 and 7."""
    with TemporaryDirectory() as name:
        bank = Path(name) / "bank"
        put(bank, "product_design/0001-design-a-parking-app.md", "Design a parking app for shopping malls.")
        put(bank, "product_design/0007-design-a-lift.md", "Design a lift for a tower.")
        yield bank


def put(bank: Path, name: str, question: str) -> Path:
    path = bank / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE.format(id=int(path.name[:4]), question=question), encoding="utf-8")
    return path


def files(bank: Path) -> dict[str, str]:
    """All files in the bank's folder, hidden ones too."""
    return {str(path.relative_to(bank)): path.read_text(encoding="utf-8") for path in bank.rglob("*") if path.is_file()}


def added(bank: Path) -> list[Question]:
    """The questions that were not there at first, in id order."""
    return sorted((each for each in check(bank).values() if each.id not in (1, 7)), key=lambda each: each.id)


def run(bank: Path, *arguments: str | Path) -> int:
    return main([str(each) for each in arguments], folder=bank, clock=lambda: NOW)


def as_csv(path: Path, table: Storage, *, separator: str = ",", encoding: str = "utf-8") -> Path:
    columns = list(dict.fromkeys(column for row in table for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=separator)
    writer.writeheader()
    writer.writerows(table)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def as_xlsx(path: Path, table: Storage, change: Callable[[Worksheet], object] = lambda _: None) -> Path:
    """A workbook with the sheet Questions; texts are kept as texts, though they begin with =."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Questions"
    columns = list(dict.fromkeys(column for row in table for column in row))
    for at, column in enumerate(columns, 1):
        sheet.cell(1, at, column)
        for number, row in enumerate(table, 2):
            cell = sheet.cell(number, at)
            cell.value = row.get(column)
            if isinstance(cell.value, str):
                cell.data_type = "s"
    change(sheet)
    book.save(path)
    return path
