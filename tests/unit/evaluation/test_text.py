import textwrap

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coach.evaluation.scoring import verified
from coach.evaluation.text import QUOTE_MAX_CHARS, Source, as_meant, readable, sentences, words

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


@pytest.mark.parametrize(
    "stored",
    [
        "I would sched\u00adule the night\u00adshift nurses first",
        "I would sched\u00ad\r\nule the night-\r\nshift nurses first",
        "I would sched-\nule the night\u200b-shift nurses first",
        "I would \u2066schedule\u2069 the night-shift\ufe0f nurses\u3164first",
    ],
)
def test_a_quote_is_verbatim_with_what_does_not_show_and_with_the_ends_of_lines(stored: str) -> None:
    assert Source(stored).quote("would schedule the night-shift nurses first") == stored.removeprefix("I ")


def test_a_joiner_that_means_something_stays_in_the_quote() -> None:
    stored = "هدف من این است که می\u200cخواهم زمان انتظار مهمان\u200cها کم شود."

    assert Source(stored).quote("میخواهم زمان انتظار مهمانها") == "می\u200cخواهم زمان انتظار مهمان\u200cها"


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("दान, दिन", ["दान", "दिन"]),
        ("తెలుగు తల్లి", ["తెలుగు", "తల్లి"]),
        ("בְּרֵאשִׁית בָּרָא", ["בְּרֵאשִׁית", "בָּרָא"]),
        ("مُحَمَّد می\u200cرود", ["مُحَمَّد", "میرود"]),
        ("བོད་ཡིག", ["བོད", "ཡིག"]),
        ("ที่นี่ กิน", ["ที่", "นี่", "กิ", "น"]),
        ("မြန်မာ။", ["မြ", "န်", "မာ"]),
        ("ខ្មែរ", ["ខ្", "មែ", "រ"]),
        ("한국어 \u3164", ["한", "국", "어"]),
        ("nai\u0308ve", ["naïve"]),
        ("sched\u00adule sched\u00ad\n  ule\u200b", ["schedule", "schedule"]),
    ],
)
def test_a_word_keeps_the_marks_on_its_letters_and_nothing_that_does_not_show(text: str, expected: list[str]) -> None:
    assert words(text) == expected


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
    "marker",
    [
        *(
            "- ",
            "* ",
            "o\t",
            "o   ",
            "\uf0b7\t",
            "·  ",
            "▪ ",
            "• ",
            "➢ ",
            "a) ",
            "B. ",
            "(c) ",
            "iv. ",
            "1) ",
            "(1) ",
            "2.1. ",
        )
    ],
)
def test_an_item_is_what_stands_after_its_marker(marker: str) -> None:
    found = sentences(f"{marker}Nurses sleep by day\n{marker}Students sleep late")

    assert [one.text for one in found] == ["Nurses sleep by day", "Students sleep late"]


@pytest.mark.parametrize("text", ["Only one lamp", "a map of places", "1.5 million beds", "o lamp", "I sleep"])
def test_what_only_looks_like_a_marker_stays(text: str) -> None:
    (found,) = sentences(f"{text} is what nurses want.")

    assert found.text == f"{text} is what nurses want."


PARAGRAPH = (
    "The goal is that weekend visitors walk from the barrier to the shop door in six minutes and not in twelve. I "
    "would serve them first, because they know the garage least and Airbnb hosts send more of them each month. A "
    "night-shift guard counts 40 cars an hour at the barrier, so one sensor on each level pays for itself by June."
)
BY_INTENT = {
    "items": "- a free place is shown on each of the levels\n- the guard counts the cars at the barrier",
    "a verse": "first the barrier,\nthen the ramp and a place,\nlast the stairs",
    "a table": "| level | places that are free at noon on a Saturday |\n|---|---|\n| one | 40 |",
    "headings": "Who it is for:\nvisitors\n\n## What they need on the way to the shops\nA free place",
    "labels": "Guardrail: complaints at the counter on Saturdays\nMetric: minutes from the barrier to the door",
    "paragraphs": f"{PARAGRAPH}\n{PARAGRAPH}",
}


@pytest.mark.parametrize("columns", [40, 72, 100])
def test_broken_lines_are_joined(columns: int) -> None:
    item = f"- {PARAGRAPH}"
    paragraphs = [textwrap.fill(each, columns) for each in (PARAGRAPH, item)]
    text = "\n\n".join([*paragraphs, textwrap.fill(item, columns, subsequent_indent="  ")])

    assert as_meant(text).split() == "\n\n".join([PARAGRAPH, item, item]).split()
    assert [one.text for one in sentences(as_meant(text))] == [one.text for one in sentences(PARAGRAPH)]


@pytest.mark.parametrize("case", BY_INTENT)
def test_lines_by_intent_stay_lines(case: str) -> None:
    alone = BY_INTENT[case]
    in_mail = f"{textwrap.fill(PARAGRAPH, 72)}\n\n{alone}"

    assert as_meant(alone) == alone
    if case != "paragraphs":
        assert as_meant(in_mail).endswith(f"\n\n{alone}")


def test_the_common_forms_of_letters_and_signs_are_read() -> None:
    assert as_meant("ﬁrst\u00a0“１２０” × ３\u200b ＝ ３６０ isn’t ½") == 'first "120" × 3 = 360 isn\'t ½'


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


LATIN = st.text(
    st.one_of(st.characters(max_codepoint=0x2FF), st.characters(min_codepoint=0x2000, max_codepoint=0x2BFF))
)


@given(LATIN)
@example("Don't trade-off 1,200: “naïve” x² ½ €5 ①ﬁ Ω K")
def test_words_are_the_same_whatever_script_stands_beside_them(text: str) -> None:
    assert [*words(text), "ก"] == words(f"{text}\nก")
