"""looks.csv: when the measuring part was graded, by what, and what came out.

The more often somebody has looked, the less its figures say of answers that nobody has seen.
"""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from coach.model import GATE_MODEL
from tests.evals import metrics, report
from tests.evals.metrics import Doubt, Graded

FILE = Path(__file__).parent / "looks.csv"


def record(file: Path, day: date, graded: Sequence[Graded], doubt: Doubt | None) -> None:
    models = {each.evaluation.model for each in graded if each.evaluation} - {GATE_MODEL}
    line = [
        day.isoformat(),
        " ".join(sorted(models)) or "nobody",
        report.accuracy(metrics.pairs(graded)),
        report.accuracy(metrics.trials(graded)),
        f"{len(metrics.capped(graded, doubt))}/{len(metrics.honest(graded))}",
        report.kappa(graded),
        report.mean_absolute_error(graded),
    ]
    with file.open("a", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerow(line)


def told(file: Path) -> str:
    with file.open(encoding="utf-8", newline="") as lines:
        days = [line["date"] for line in csv.DictReader(lines)]
    last = f", last on {max(days)}" if days else ""
    return f"The measuring part has been graded {len(days)} times since {file.name} began{last}."
