"""An export in Markdown (CommonMark): a journal with questions, answers, scores and feedback.

What people and graders wrote is shown as it was typed, character by character: whatever Markdown or HTML would make of
it is escaped, and an answer stands in a quotation, which ends where its lines end.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from coach import questions
from coach.errors import NotFound
from coach.model import Attempt, Evaluation, Evaluator, Session, Status, User, points

CONTENT_TYPE = "text/markdown; charset=utf-8"
FILE_NAME = "pm-interview-coach.md"

_GRADERS = {Evaluator.CLAUDE: "Claude", Evaluator.OFFLINE: "the offline evaluator"}
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$]")
"""What means something anywhere in a line: emphasis, code, links, HTML, entities, cells, formulas."""
_AT_START = re.compile(r"^(?:[-+=#:]|\d{1,9}(?=[.)]))")
"""What makes a line a heading, an underline of one, an item of a list."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_NO_BREAK_SPACE = "\u00a0"


def session(session: Session) -> str:
    what = [session.mode.capitalize()]
    if session.category_filter:
        what.append(session.category_filter.label)
    if session.timer_minutes:
        what.append(f"{session.timer_minutes} minutes")
    ended = f"ended {_time(session.ended_at)}" if session.ended_at else "goes on"
    return _blocks([f"## {_time(session.started_at)}", f"{', '.join(what)} session, {ended}."])


def attempt(session: Session, attempt: Attempt) -> str:
    return _blocks(_attempt(session, attempt.shown))


def page(user: User, sessions: Sequence[tuple[str, Sequence[str]]]) -> str:
    who = user.full_name or user.email
    whose = f"The practice of {_inline(who)}." if who else "Your practice."
    texts = [text for heading, attempts in sessions for text in (heading, *attempts)]
    return _blocks(["# PM Interview Coach", whose]) + "".join(texts)


def _attempt(session: Session, attempt: Attempt) -> Iterator[str]:
    about = f"{attempt.category.label}, question {attempt.question_id}"
    if attempt.follow_up_to:
        yield f"### {attempt.id}. {about}, asked on after answer {attempt.follow_up_to}"
        if attempt.probe:
            yield f"**{_inline(attempt.probe.criterion)}:** {_inline(attempt.probe.question)}"
    else:
        yield f"### {attempt.id}. {about}"
        yield _question(attempt.question_id)
    took = f", in {_duration(attempt.time_spent_sec)}" if attempt.time_spent_sec is not None else ""
    brought = f"; imported {_time(attempt.imported_at)}" if attempt.imported_at else ""
    yield f"Answered {_time(attempt.created_at)}{took}{brought}:"
    yield _quotation(attempt.answer_text)
    if attempt.evaluation:
        yield from _graded(attempt.evaluation)
    elif session.is_open_exam:
        yield "The scores are told when the exam has ended."
    elif attempt.status is Status.PENDING:
        yield "Not evaluated yet."
    elif attempt.failure:
        yield f"Not evaluated: {_inline(attempt.failure)}"
    if attempt.follow_up:
        yield f"**Asked on, {_inline(attempt.follow_up.criterion)}:** {_inline(attempt.follow_up.question)}"


def _question(question_id: int) -> str:
    try:
        return _quotation(questions.question(question_id).question_text)
    except NotFound:
        return "The bank has this question no more."


def _graded(found: Evaluation) -> Iterator[str]:
    scores = f"framework {points(found.framework)}, structure {points(found.structure)}"
    by = f"{_GRADERS[found.evaluator]} ({_inline(found.model)}, rubric {_inline(found.rubric_version)})"
    yield f"**{points(found.overall)} of 10**: {scores}, completeness {points(found.completeness)}. Graded by {by}."
    if found.criteria:
        rows = [f"| {_inline(each.name)} | {points(each.score)} | {_inline(each.comment)} |" for each in found.criteria]
        yield "\n".join(["| criterion | score | |", "|---|---|---|", *rows])
    quotes = [f"{each.name}: “{quote}”" for each in found.criteria for quote in each.evidence]
    for heading, items in (
        ("Evidence", quotes),
        ("Strengths", found.strengths),
        ("What to improve", found.improvements),
    ):
        if items:
            yield f"**{heading}**"
            yield "\n".join(f"- {_inline(item)}" for item in items)
    if found.suggested_framework:
        yield f"**A framework that fits:** {_inline(found.suggested_framework)}"
    if found.example_point:
        yield f"**For example:** {_inline(found.example_point)}"


def _blocks(blocks: Iterable[str]) -> str:
    return "".join(f"{block}\n\n" for block in blocks)


def _inline(text: str) -> str:
    """On one line, with nothing that means something."""
    return _escaped(" ".join(text.split()))


def _quotation(text: str) -> str:
    """Line by line; two spaces at an end keep the break."""
    lines = [_escaped(_indented(line)) for line in _LINE_END.split(text)]
    return "\n".join(f"> {line}  " if line else ">" for line in lines)


def _indented(line: str) -> str:
    """Four spaces at the start would make it code, and Markdown drops fewer."""
    kept = line.lstrip(" \t")
    start = line[: len(line) - len(kept)].expandtabs(4)
    return _NO_BREAK_SPACE * len(start) + kept.rstrip()


def _escaped(line: str) -> str:
    line = _SPECIAL.sub(r"\\\g<0>", line)
    return _AT_START.sub(lambda found: f"\\{found[0]}" if not found[0].isdigit() else f"{found[0]}\\", line)


def _time(time: datetime) -> str:
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def _duration(seconds: int) -> str:
    minutes, left = divmod(seconds, 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"
