"""Figures as places in a picture: what the SVG of a page needs to know. Units are those of its viewBox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from coach.progress.statistics import HeatmapDay, TrendDay

LOWEST, HIGHEST = 1.0, 10.0
"""The ends of the scale of scores."""

CELL, GAP = 11, 3
"""A day of the heatmap is a square with a gap behind it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what stands there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float
    day: TrendDay


@dataclass(frozen=True, slots=True)
class Trend:
    """Scores day by day. `lines` join the days that were graded by the same; `moved` are the places where that
    changed."""

    width: int
    height: int
    left: int
    bottom: float
    points: Sequence[Point]
    lines: Sequence[str]
    moved: Sequence[float]
    days: Sequence[Tick]
    scores: Sequence[Tick]


@dataclass(frozen=True, slots=True)
class Square:
    """One day: `level` is 0 for none, and 1 to 4."""

    x: int
    y: int
    level: int
    day: HeatmapDay


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Days as squares, a week a column, which begins on Monday."""

    width: int
    height: int
    squares: Sequence[Square]
    months: Sequence[Tick]


def trend(found: Sequence[TrendDay], today: date, *, days: int, width: int = 640, height: int = 234) -> Trend:
    """The last `days` days up to today, from the left to the right."""
    left, right, top, below = 32, 10, 10, 40
    first = today - timedelta(days=days - 1)

    def x(day: date) -> float:
        return round(left + (width - left - right) * (day - first).days / max(days - 1, 1), 1)

    def y(score: float) -> float:
        return round(top + (height - top - below) * (HIGHEST - score) / (HIGHEST - LOWEST), 1)

    points = [Point(x(day.date), y(day.average_score or LOWEST), day) for day in found]
    runs: list[list[Point]] = []
    moved = []
    for point in points:
        if runs and runs[-1][-1].day.graded_by == point.day.graded_by:
            runs[-1].append(point)
            continue
        if runs:
            moved.append(round((runs[-1][-1].x + point.x) / 2, 1))
        runs.append([point])
    return Trend(
        width=width,
        height=height,
        left=left,
        bottom=height - below,
        points=points,
        lines=[" ".join(f"{point.x},{point.y}" for point in run) for run in runs if len(run) > 1],
        moved=moved,
        days=[Tick(x(each), _day(each)) for each in _months_in(first, today)],
        scores=[Tick(y(score), str(score)) for score in (1, 4, 7, 10)],
    )


def heatmap(found: Sequence[HeatmapDay]) -> Heatmap:
    """The days come oldest first, without gaps."""
    monday = found[0].date - timedelta(days=found[0].date.weekday())
    top, step = 16, CELL + GAP

    def column(day: date) -> int:
        return (day - monday).days // 7

    squares = [
        Square(column(each.date) * step, top + each.date.weekday() * step, _level(each.attempts), each)
        for each in found
    ]
    months = [Tick(column(each) * step, f"{each:%b}") for each in _months_in(found[0].date, found[-1].date)]
    apart = [tick for tick, after in pairwise([*months, Tick(10**6, "")]) if after.at - tick.at >= 2 * step]
    return Heatmap((column(found[-1].date) + 1) * step, top + 7 * step, squares, apart)


def _level(attempts: int) -> int:
    """1, 2, 3 to 5, more."""
    return attempts if attempts < 3 else 3 if attempts < 6 else 4


def _months_in(first: date, last: date) -> list[date]:
    """The first days of the months that begin from `first` to `last`."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.day == 1]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
