"""What the index of attempts tells of each, in one short text, since a history of thousands is read at once.

e1c?AHG+Xy7Zq0.N|57||2026-11-21|claude-haiku-5-5

e            status, by its first letter
1            category, by its place in the enum: new ones go to the end of it
c            evaluator, by its first letter, or - where there is no evaluation
?AHG         overall, framework, structure and completeness score, one character each
+Xy7 Zq0.    per criterion three characters for its name and its score
57           question
(nothing)    the attempt that a follow-up answers
2026-11-21   the rubric's version, then the model, both quoted as in an URL
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from functools import cache
from urllib.parse import quote, unquote

from coach.model import Attempt, Category, Evaluator, Status
from coach.progress.history import PastAttempt, Result
from coach.storage import keys

_CATEGORIES = tuple(Category)
_STATUSES = {status[0]: status for status in Status}
_EVALUATORS = {evaluator[0]: evaluator for evaluator in Evaluator}

_SCORE_AT = 23
"""Added to a score it gives a character from ! (10) to { (100), and never the separator."""
_CODE = 3
_SCORES = 3
_CRITERIA = 7
"""Where scores begin, and criteria."""


def of(attempt: Attempt) -> str:
    """The row of an attempt."""
    follow_up_to = attempt.follow_up_to or ""
    place = f"{attempt.status[0]}{_CATEGORIES.index(attempt.category)}"
    found = attempt.evaluation
    if not found:
        return f"{place}-|{attempt.question_id}|{follow_up_to}||"
    scores = "".join(map(_character, (found.overall, found.framework, found.structure, found.completeness)))
    criteria = "".join(f"{code(each.name)}{_character(each.score)}" for each in found.criteria)
    graded = f"{quote(found.rubric_version, ' ')}|{quote(found.model, ' /:@')}"
    return f"{place}{found.evaluator[0]}{scores}{criteria}|{attempt.question_id}|{follow_up_to}|{graded}"


def codes(names: Collection[str]) -> dict[str, str]:
    """The names by their codes, for `read`."""
    return {code(name): name for name in names}


@cache
def code(name: str) -> str:
    """Of a criterion. `make check` makes sure that those of the rubrics differ."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest())[:_CODE].decode()


def read(
    row: str, at: int, session_id: str, attempt_id: int, *, in_open_exam: bool, criteria: Mapping[str, str]
) -> PastAttempt:
    """The attempt that a row tells of. `criteria` are names by their codes; what it lacks is left out."""
    graded, question_id, follow_up_to, rubric_version, model = row.split("|")
    result = None
    if graded[2] != "-":
        overall, framework, structure, completeness = map(_score, graded[_SCORES:_CRITERIA])
        result = Result(
            evaluator=_EVALUATORS[graded[2]],
            model=unquote(model),
            rubric_version=unquote(rubric_version),
            overall=overall,
            framework=framework,
            structure=structure,
            completeness=completeness,
            criteria=_criteria(graded, criteria) if criteria else (),
        )
    return PastAttempt(
        session_id=session_id,
        id=attempt_id,
        question_id=int(question_id),
        category=_CATEGORIES[int(graded[1])],
        created_at=keys.time_at(at),
        status=_STATUSES[graded[0]],
        follow_up_to=int(follow_up_to) if follow_up_to else None,
        result=result,
        in_open_exam=in_open_exam,
    )


def _criteria(graded: str, names: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    places = range(_CRITERIA, len(graded), _CODE + 1)
    found = ((names.get(graded[start : start + _CODE]), graded[start + _CODE]) for start in places)
    return tuple((name, _score(score)) for name, score in found if name is not None)


def _character(score: int) -> str:
    return chr(score + _SCORE_AT)


def _score(character: str) -> int:
    return ord(character) - _SCORE_AT
