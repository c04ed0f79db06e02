"""An answer with its evidence marked."""

from hypothesis import given
from hypothesis import strategies as st

from coach.model import Criterion
from coach.web.marks import Piece, pieces


def criterion(*evidence: str) -> Criterion:
    return Criterion(name="Goal", score=70, evidence=evidence, comment="")


def test_an_answer_without_evidence_is_one_piece() -> None:
    assert pieces("All of it.", [criterion()]) == [Piece("All of it.", (), ())]


def test_what_was_quoted_is_marked_where_it_stands() -> None:
    found = pieces("First. Then this. Last.", [criterion("Then this.")])

    assert found == [Piece("First. ", (), ()), Piece("Then this.", (0,), (0,)), Piece(" Last.", (), ())]


def test_overlapping_quotes_are_marked_for_both_criteria_and_numbered_where_each_begins() -> None:
    found = pieces("abcdef", [criterion("abcd"), criterion("cdef")])

    assert found == [Piece("ab", (0,), (0,)), Piece("cd", (0, 1), (1,)), Piece("ef", (1,), ())]


def test_two_criteria_may_quote_the_same_words() -> None:
    assert pieces("abc", [criterion("abc"), criterion("abc")]) == [Piece("abc", (0, 1), (0, 1))]


def test_emoji_and_right_to_left_letters_are_marked_whole() -> None:
    answer = "Parents 👩‍👧 first; הורים עם ילדים עולים ראשונים."

    found = pieces(answer, [criterion("👩‍👧 first"), criterion("הורים עם ילדים")])

    assert [(piece.text, piece.criteria) for piece in found if piece.criteria] == [
        ("👩‍👧 first", (0,)),
        ("הורים עם ילדים", (1,)),
    ]


def test_a_quote_of_an_earlier_answer_marks_nothing() -> None:
    assert pieces("This one.", [criterion("Said before.")]) == [Piece("This one.", (), ())]


WORDS = st.text(alphabet="ab 👍<&\n", min_size=1, max_size=40)


@given(answer=WORDS, quotes=st.lists(st.tuples(st.integers(0, 39), st.integers(1, 20)), max_size=6))
def test_the_pieces_are_the_answer_and_each_quote_is_all_of_some_of_them(
    answer: str, quotes: list[tuple[int, int]]
) -> None:
    evidence = [answer[start : start + length] for start, length in quotes]
    criteria = [criterion(*([quote] if quote else [])) for quote in evidence]

    found = pieces(answer, criteria)

    assert "".join(piece.text for piece in found) == answer
    for place, quote in enumerate(evidence):
        marked = "".join(piece.text for piece in found if place in piece.criteria)
        assert marked == quote
