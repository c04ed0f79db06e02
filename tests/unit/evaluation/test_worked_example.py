"""The worked example of docs/grading.md, recomputed."""

import re
from pathlib import Path

from coach import questions
from coach.evaluation.offline.evaluator import OfflineEvaluator, overall
from coach.evaluation.offline.reading import read
from coach.evaluation.offline.specificity import worths
from coach.evaluation.text import sentences, words

PAGE = (Path(__file__).parents[3] / "docs" / "grading.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.partition("### A worked example")[2].partition("## Measured")[0]
ANSWER = " ".join(line.removeprefix("> ") for line in EXAMPLE.splitlines() if line.startswith("> "))
QUESTION = questions.question(1)


def rows() -> list[list[str]]:
    found = [line.strip("|").split("|") for line in EXAMPLE.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in found[2:]]


def told(cell: str) -> float:
    """The sum of "two, nine 4 each; key -5"."""
    total = 0.0
    for part in cell.split(";"):
        named = re.fullmatch(r"\s*(?P<words>.+?) (?P<worth>-?[\d.]+)(?: each)?\s*", part)
        assert named
        total += len(named["words"].split(",")) * float(named["worth"])
    return total


def test_the_example_quotes_its_question() -> None:
    quoted = re.search(r'"([^"]+) \.\.\."', EXAMPLE)

    assert quoted
    assert QUESTION.question_text.startswith(quoted[1])


def test_the_words_of_each_sentence_are_worth_what_the_page_says() -> None:
    said = sentences(ANSWER)
    worth = worths((each.words for each in said), words(QUESTION.question_text))

    assert [(float(row[1]), float(row[3]), told(row[2])) for row in rows()[:-1]] == [
        (each.count, each.total, each.total) for each in worth
    ]


def test_together_they_make_the_specificity_and_the_score() -> None:
    [*_, together] = rows()
    reading = read(QUESTION, [ANSWER])[0]
    stated = re.search(r"([\d.]+) / (\d+) = ([\d.]+), and the score .*? = ([\d.]+):", EXAMPLE.replace("\n", " "))

    assert stated
    assert [stated[1], stated[2]] == [together[3], together[1]]
    assert f"{float(stated[1]) / float(stated[2]):.3f}" == stated[3] == f"{reading.specificity:.3f}"
    assert (
        stated[4]
        == f"{overall(reading.specificity):.1f}"
        == f"{OfflineEvaluator().grade(QUESTION, ANSWER).overall / 10}"
    )


def test_without_the_hollow_sentence_it_is_what_the_page_says() -> None:
    without = ANSWER.replace("Collaboration is key, and we leverage data to improve the user experience. ", "")
    stated = re.search(r"Without the third sentence it would be ([\d.]+)\.", EXAMPLE)

    assert stated
    assert stated[1] == f"{OfflineEvaluator().grade(QUESTION, without).overall / 10}"
