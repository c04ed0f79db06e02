import pytest

from coach.evaluation.offline.arithmetic import calculations


@pytest.mark.parametrize(
    "text",
    [
        "2.94M × 3 = 8.82M",
        "450,000 cars × 8% = 36,000 cars",
        "20% of 9 million people is 1.8 million",
        "126 + 6 + 11 = 143M pizzas",
        "15 × 12M × 60 × $0.05 = $540 million",
        "2.94M × 52 / 8 = 19M",
        "120 × 2 × 80% / 4 = 48",
        "61 / 0.75 = 82M",
        "270,000 / 66 = about 4,100 charging points",
        "190 − 70 − 27 = €93",
        "50 people times 30 minutes is 25 hours",
        "3 / 20 = 15%",
    ],
)
def test_a_calculation_that_comes_out_holds(text: str) -> None:
    found = calculations(text)

    assert [one.holds for one in found] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "2.94M × 3 = 88.2M",
        "450,000 × 8% = 3,600",
        "20% of 9 million people is 4 million",
        "126 + 6 + 11 = 150",
        "190 − 70 − 27 = 103",
        "5 / 0 = 5",
    ],
)
def test_a_calculation_that_does_not_come_out_does_not_hold(text: str) -> None:
    found = calculations(text)

    assert [one.holds for one in found] == [False]
    assert found[0].text in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "There are 50 accounts and the answer is 7",
        "between 8 - 10 weeks",
        "Year 1: ten events. 2. Year 2",
        "24/7 support",
        "30 of 200 shops are ready",
        "× 3 = 9",
        "3 × = 9",
        "week 4. × 5 = 20",
    ],
)
def test_what_is_no_calculation_is_left_alone(text: str) -> None:
    assert calculations(text) == []
