import pytest

from coach.evaluation.scoring import verified
from coach.evaluation.text import QUOTE_MAX_CHARS, Source, readable, sentences, words

ANSWER = "I'd start with **night-shift nurses** — they\n  lose “the most” sleep. Café ﬁrst: 1,200 of 3,000."


@pytest.mark.parametrize(
    "quote",
    [
        "start with **night-shift nurses**",
        "START WITH NIGHT-SHIFT NURSES",
        "start with night‑shift nurses",
        "nurses - they lose",
        'they lose "the most" sleep',
        "“they lose the",
        "  lose   “the\tmost” sleep  ",
        "Cafe\u0301 first: 1,200",
        "I’d start with",
        "of night\u200b-shift nurses"[3:],
    ],
)
def test_a_quote_is_found_in_any_spelling(quote: str) -> None:
    expected = quote != "“they lose the"

    assert verified(quote, ANSWER) is expected


@pytest.mark.parametrize(
    "quote",
    ["", "   ", "...", "nurses", "1,200 of", "start with … sleep", "day-shift nurses", "startwithnightshiftnurses"],
)
def test_what_is_not_said_or_says_too_little_is_no_quote(quote: str) -> None:
    assert not verified(quote, ANSWER)


def test_evidence_is_the_answers_own_wording() -> None:
    quote = Source(ANSWER).quote("NURSES - THEY LOSE")

    assert quote == "nurses** — they\n  lose"


def test_a_long_quote_is_cut_at_a_word() -> None:
    text = "every word counts here " * 50

    quote = Source(text).quote(text)

    assert quote is not None
    assert len(quote) <= QUOTE_MAX_CHARS
    assert text.startswith(quote + " ")


def test_words_have_one_spelling() -> None:
    assert words("Don't trade-off 1,200 ＡＢ's, 3.5M") == ["dont", "trade", "off", "1200", "abs", "3", "5m"]


def test_scripts_without_spaces_are_counted_by_character() -> None:
    assert words("我会先 ok") == ["我", "会", "先", "ok"]


def test_what_no_database_holds_is_made_readable() -> None:
    text = "a\x00b\ud800c\r\nd\u2028e\x1b[31m \U0001f600"

    made = readable(text)

    assert made == "a b\ufffdc\nd\ne [31m \U0001f600"
    assert made.encode()


def test_prose_and_bullets_have_the_same_sentences() -> None:
    prose = "Two groups matter. Nurses sleep by day; students sleep late. I choose nurses!"
    bullets = "- Two groups matter.\n* Nurses sleep by day;\n  2) students sleep late.\n| I choose nurses!"

    assert [one.words for one in sentences(prose)] == [one.words for one in sentences(bullets)]


@pytest.mark.parametrize(
    "heading", ["## User segments", "**User segments**", "User segments:", "User segments", "3. **User segments:**"]
)
def test_a_heading_is_the_context_of_what_follows(heading: str) -> None:
    (sentence,) = sentences(f"{heading}\n\n- Nurses sleep by day.")

    assert sentence.heading == ("user", "segments")


def test_what_is_said_twice_counts_once() -> None:
    assert len(sentences("I choose nurses. I CHOOSE nurses!\n- i choose nurses")) == 1


def test_a_sentence_that_never_ends_is_cut() -> None:
    text = " ".join(f"word{n}" for n in range(100))

    found = sentences(text)

    assert [len(one.words) for one in found] == [30, 30, 30, 10]
    assert " ".join(one.text for one in found) == text
