import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.specificity import Worth, mean, worths
from coach.evaluation.text import sentences, words

GENERAL = """
We should always focus on the customer and make sure that everybody is aligned. Communication is very important for a
successful product. I would leverage data to optimise the experience and deliver significant value to all stakeholders.
"""
PARTICULAR = """
On Tuesday I stood at the till for two hours. Nine of forty drivers gave up before they paid, and six of the nine had no
coins. Her brother mends the barrier and was not asked. So no new barrier: a sticker with a phone number, by the 3 May.
"""
GRAMMAR = sorted(
    set(vocabulary()["grammar"])
    - {
        word
        for name in ("trade", "praise", "counts", "times", "persons", "limits", "money")
        for word in vocabulary()[name]
    }
    - {part for name in vocabulary()["frameworks"] for part in name.replace("*", "").split()}
)
TRADE = ["users", "metrics", "roadmap", "alignment", "stakeholder"]
PRAISE = ["amazing", "crucial", "seamless", "robust"]
OWN = ["barrier", "sticker", "ferry", "goat", "ladder", "violin", "umbrella"]
POINTED = ["dozen", "thursday", "mother", "except", "euros"]
FIGURES = ["7", "1200", "38", "3rd"]

said = st.lists(st.sampled_from([*GRAMMAR[:20], *TRADE, *PRAISE, *OWN, *POINTED, *FIGURES]), min_size=1, max_size=12)
texts = st.lists(said, min_size=1, max_size=8)
once = st.lists(
    st.lists(st.sampled_from([*TRADE, *PRAISE, *OWN, *POINTED, *FIGURES]), min_size=1, max_size=8, unique=True),
    min_size=1,
    max_size=8,
)


def specificity(text: str, question: str = "") -> float:
    return mean(worths((sentence.words for sentence in sentences(text)), words(question)))


def of_words(*sentences_said: Sequence[str], asked: Sequence[str] = ()) -> float:
    return mean(worths(sentences_said, asked))


def test_what_is_general_is_below_0_and_what_is_particular_well_above() -> None:
    assert specificity(GENERAL) < 0
    assert specificity(PARTICULAR) > 0.5


@pytest.mark.parametrize(
    ("worse", "better"), [(PRAISE, TRADE), (TRADE, GRAMMAR[:4]), (GRAMMAR[:4], OWN), (OWN, POINTED)]
)
def test_some_words_are_worth_more_than_others(worse: list[str], better: list[str]) -> None:
    assert max(of_words([word]) for word in worse) < min(of_words([word]) for word in better)


@pytest.mark.parametrize("figure", [str(number) for number in range(10)] + ["17", "2026", "1200", "9am", "3rd"])
def test_a_figure_is_worth_as_much_as_any_other(figure: str) -> None:
    assert of_words([figure]) == of_words(["38"]) > 0


@pytest.mark.parametrize("word", ["two", "after", "only", "nobody", "cost"])
def test_a_word_that_counts_or_limits_is_no_mere_grammar_or_trade(word: str) -> None:
    assert of_words([word]) == of_words(["dozen"])


def test_a_figure_is_worth_something_every_time_and_an_own_word_the_first() -> None:
    assert of_words(["38"], ["38"]) == of_words(["38"])
    assert of_words(["goat"], ["goat"]) == of_words(["goat"]) / 2


@given(st.sampled_from(OWN), st.integers(1, 20))
def test_an_own_word_earns_once_within_a_sentence_too(word: str, times: int) -> None:
    (worth,) = worths([[word] * times], [])

    assert worth == Worth(worths([[word]], [])[0].total, times)


@settings(max_examples=50)
@given(texts, st.lists(st.sampled_from(GRAMMAR), min_size=1, max_size=30))
def test_grammar_moves_the_mean_towards_0(text: list[list[str]], padding: list[str]) -> None:
    plain, padded = of_words(*text), of_words(*text, padding)

    assert abs(padded) <= abs(plain)
    assert padded * plain >= 0


@settings(max_examples=50)
@given(texts, st.data())
def test_grammar_within_a_sentence_changes_no_total(text: list[list[str]], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    padded = [list(sentence) for sentence in text]
    padded[place].insert(data.draw(st.integers(0, len(text[place]))), data.draw(st.sampled_from(GRAMMAR)))

    plain, made = worths(text, []), worths(padded, [])

    assert [worth.total for worth in made] == [worth.total for worth in plain]
    assert made[place].count == plain[place].count + 1


@settings(max_examples=50)
@given(once, st.randoms(use_true_random=False))
def test_the_order_of_sentences_does_not_matter(text: list[list[str]], order: random.Random) -> None:
    shuffled = list(text)
    order.shuffle(shuffled)

    assert of_words(*shuffled) == pytest.approx(of_words(*text))


@settings(max_examples=50)
@given(said, st.randoms(use_true_random=False))
def test_the_order_of_words_does_not_matter(sentence: list[str], order: random.Random) -> None:
    shuffled = list(sentence)
    order.shuffle(shuffled)

    assert of_words(shuffled) == pytest.approx(of_words(sentence))


@settings(max_examples=50)
@given(texts)
def test_the_words_of_the_question_earn_nothing(text: list[list[str]]) -> None:
    asked = [word for sentence in text for word in sentence]

    assert all(worth.total <= 0 for worth in worths(text, asked))


@settings(max_examples=50)
@given(texts, st.lists(st.sampled_from([*OWN, *POINTED, *FIGURES]), max_size=6))
def test_a_longer_question_never_makes_an_answer_more_specific(text: list[list[str]], asked: list[str]) -> None:
    assert of_words(*text, asked=asked) <= of_words(*text)


def test_a_word_of_the_question_still_costs_what_it_costs() -> None:
    assert of_words(["amazing"], asked=["amazing"]) == of_words(["amazing"])


@settings(max_examples=50)
@given(texts)
def test_the_mean_is_that_of_all_words_and_not_of_sentences(text: list[list[str]]) -> None:
    parts = worths(text, [])

    assert [part.count for part in parts] == [len(sentence) for sentence in text]
    assert mean(parts) == pytest.approx(sum(part.total for part in parts) / sum(map(len, text)))


def test_nothing_said_is_worth_nothing() -> None:
    assert mean([]) == 0
    assert mean(worths([], ["asked"])) == 0


@given(
    st.floats(-100, 100),
    st.integers(1, 50),
    st.floats(-8, 4),
    st.integers(0, 100),
)
def test_a_sentence_is_drawn_towards_its_text_and_never_past_it(
    total: float, count: int, context: float, weight: int
) -> None:
    alone, drawn = total / count, Worth(total, count).in_context(context, weight)
    more = Worth(total, count).in_context(context, weight + 1)

    assert min(alone, context) - 1e-9 <= drawn <= max(alone, context) + 1e-9
    assert abs(more - context) <= abs(drawn - context) + 1e-9


def test_the_shorter_a_sentence_the_more_its_text_counts() -> None:
    lucky, thorough = Worth(4.0, 1), Worth(80.0, 20)

    assert 0 < lucky.in_context(0.0, 60) < thorough.in_context(0.0, 60) < 4
    assert thorough.in_context(0.0, 0) == 4


@pytest.mark.parametrize("text", [GENERAL, PARTICULAR])
def test_length_is_no_matter(text: str) -> None:
    first_half = " ".join(text.split(". ")[:2]) + "."

    assert specificity(text) * specificity(first_half) > 0
    assert specificity(f"{text}\n\n{text}") == specificity(text)


@pytest.mark.parametrize("text", [GENERAL, PARTICULAR])
def test_bullets_numbers_and_headings_are_no_words(text: str) -> None:
    items = [" ".join(item.split()) for item in text.replace(".\n", ". ").split(". ")]
    prose = "\n".join(items)
    formatted = [
        "\n".join(f"- {item}" for item in items),
        "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1)),
        f"## What I would do\n\n{prose}\n\n**In short:**",
        f"Tuesday at nine\n\n{prose}",
    ]

    assert {specificity(one) for one in formatted} == {specificity(prose)}


def test_generalities_around_it_thin_an_answer_and_no_more() -> None:
    assert specificity(GENERAL) < specificity(f"{GENERAL} {PARTICULAR}") < specificity(PARTICULAR)


def test_a_question_said_back_is_worth_less_than_the_same_words_unasked() -> None:
    asked = "Nine of forty drivers gave up at the till on Tuesday. What do you do?"

    assert specificity("Nine of forty drivers gave up at the till.", asked) <= 0
    assert specificity("Nine of forty drivers gave up at the till.") > 0


@settings(max_examples=50)
@given(st.text(max_size=100), st.text(max_size=30))
def test_any_text_has_a_finite_worth(text: str, question: str) -> None:
    found = worths((sentence.words for sentence in sentences(text)), words(question))

    assert all(-10 * worth.count <= worth.total <= 4 * worth.count for worth in found)
    assert -10 <= mean(found) <= 4
