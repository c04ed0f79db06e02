"""Whatever a table says is either refused or read back by the bank's loader as it was."""

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.bank_import.tables import ROW, a_bank, added, as_csv, as_xlsx, files, run

SPELLED = "# \t+-=é漢\"'`;,.|\\{}\u2028\u00a0\ufeff\n\r"
"""What means something to Markdown, TOML, CSV or whoever splits lines."""

characters = st.sampled_from(SPELLED) | st.characters(
    exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
)
free = st.text(characters, max_size=30)
calm = st.lists(free | st.sampled_from(["##", "#", "### x", "++", "", " "]), max_size=5).map("\n".join)
wild = st.lists(free | st.sampled_from(["# Question", "## Hint", "+++"]), max_size=3).map("\n".join)
names = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from("\"'\\# "), max_size=40)


def rows(texts: st.SearchStrategy[str], begin: str) -> st.SearchStrategy[dict[str, str]]:
    """Rows whose cells all begin alike."""
    text, name = texts.map(begin.__add__), names.map(begin.__add__)
    return st.fixed_dictionaries(
        {
            "category": st.just("strategy"),
            "subcategory": name,
            "difficulty": st.sampled_from(["easy", "medium", "hard"]),
            "question_text": text,
            "frameworks": st.lists(name, min_size=1, max_size=3).map(";".join),
            "hint": text,
            "sample_answer": text,
            "source": name,
        }
    )


def told(text: str) -> str:
    """The text that a cell holds: without space at the ends of lines and around it."""
    return "\n".join(line.rstrip() for line in re.split("\r\n|\r|\n", text)).strip()


def good(row: dict[str, str]) -> bool:
    """Whether nothing is wrong with a row, by the layout that is told to its author."""
    texts = [told(row[column]) for column in ("question_text", "hint", "sample_answer")]
    frameworks = [name.strip() for name in row["frameworks"].split(";") if name.strip()]
    return (
        all(texts)
        and len(texts[0]) >= 10
        and not any(line == "+++" or line.startswith(("# ", "## ")) for text in texts for line in text.split("\n"))
        and all(name.strip() for name in (row["subcategory"], row["source"]))
        and 0 < len(frameworks) == len(set(frameworks))
    )


@pytest.mark.parametrize(
    ("write", "name"), [pytest.param(as_csv, "q.csv", id="csv"), pytest.param(as_xlsx, "q.xlsx", id="xlsx")]
)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(row=rows(calm, "To begin with: ") | rows(wild, ""))
@example(row=ROW | {"hint": "  # indented"})
@example(row=ROW | {"hint": "a\n  ## indented\n##\n#"})
@example(row=ROW | {"hint": "a\x85b"})
@example(row=ROW | {"source": 'a"b\\c\\u0041'})
def test_a_row_is_refused_or_read_back_as_it_is(
    write: Callable[[Path, list[dict[str, str]]], Path], name: str, row: dict[str, str]
) -> None:
    with a_bank() as bank, TemporaryDirectory() as folder:
        before = files(bank)
        path = write(Path(folder) / name, [row])

        status = run(bank, path)

        if "\x85" in row["hint"] or not good(row):
            assert (status, files(bank)) == (1, before)
            return
        assert status == 0
        (question,) = added(bank)
        for column in ("question_text", "hint", "sample_answer", "subcategory", "source", "difficulty", "category"):
            assert getattr(question, column) == told(row[column])
        assert list(question.frameworks) == [each.strip() for each in row["frameworks"].split(";") if each.strip()]
