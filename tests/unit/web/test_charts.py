"""Where figures stand in their pictures."""

from datetime import date, timedelta

from coach.model import Evaluator
from coach.progress.statistics import HeatmapDay, TrendDay, Yardstick
from coach.web import charts

TODAY = date(2026, 11, 27)
HAIKU, OPUS = (Yardstick(model, "2026-11-21") for model in ("claude-haiku-5-5", "claude-opus-5"))


def a_day(ago: int, score: int, *graded_by: Yardstick) -> TrendDay:
    return TrendDay(
        date=TODAY - timedelta(days=ago),
        attempts=1,
        score_sum=score,
        evaluator=Evaluator.CLAUDE,
        graded_by=graded_by or (HAIKU,),
    )


def test_the_days_of_a_trend_go_from_the_left_end_to_the_right() -> None:
    found = charts.trend([a_day(89, 10), a_day(0, 100)], TODAY, days=90, width=640, height=220)

    first, last = found.points
    assert (first.x, last.x) == (32, 630)
    assert (first.y, last.y) == (180, 10)


def test_scores_of_another_yardstick_are_not_joined_and_the_change_has_a_mark() -> None:
    days = [a_day(30, 50), a_day(20, 60), a_day(10, 55, OPUS), a_day(5, 70, OPUS)]

    found = charts.trend(days, TODAY, days=90)

    assert [line.count(",") for line in found.lines] == [2, 2]
    (moved,) = found.moved
    assert found.points[1].x < moved < found.points[2].x


def test_a_single_day_is_a_point_without_a_line() -> None:
    found = charts.trend([a_day(3, 50)], TODAY, days=90)

    assert (len(found.points), found.lines, found.moved) == (1, [], [])


def test_a_trend_names_the_months_that_begin_in_it() -> None:
    found = charts.trend([], TODAY, days=90)

    assert [tick.label for tick in found.days] == ["1 Sep", "1 Oct", "1 Nov"]


def a_year(attempts: dict[int, int]) -> charts.Heatmap:
    days = [HeatmapDay(date=TODAY - timedelta(days=ago), attempts=attempts.get(ago, 0)) for ago in reversed(range(365))]
    return charts.heatmap(days)


def test_weeks_are_columns_that_begin_on_monday() -> None:
    found = a_year({})

    places = {square.day.date: (square.x, square.y) for square in found.squares}
    monday, sunday = places[date(2026, 11, 23)], places[date(2026, 11, 22)]
    assert monday[0] == sunday[0] + charts.CELL + charts.GAP
    assert monday[1] == min(y for _, y in places.values())
    assert sunday[1] == max(y for _, y in places.values())


def test_more_answers_make_a_stronger_square() -> None:
    found = a_year({0: 1, 1: 2, 2: 3, 3: 5, 4: 6, 5: 40})

    assert [square.level for square in reversed(found.squares[-7:])] == [1, 2, 3, 3, 4, 4, 0]


def test_months_are_named_where_there_is_room() -> None:
    found = a_year({})

    assert [month.label for month in found.months] == [
        *("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
    ]
    assert found.width == max(square.x for square in found.squares) + charts.CELL + charts.GAP
