"""What an evaluation asks next: one probing question at the criterion that the answer was weakest in. Pure."""

import re

from coach.characters import visible
from coach.evaluation.injection import addresses_grader
from coach.evaluation.rubric import Rubric
from coach.evaluation.scoring import Scores, Verdict
from coach.evaluation.text import words
from coach.evaluation.word_lists import word_lists
from coach.model import FollowUp, Probe

QUESTION_MIN_CHARS = 10
QUESTION_MAX_CHARS = 300
STEM_CHARS = 5
FULL_MARKS = 100

_ADDRESS = re.compile(r"//|@|\w\.[a-z]{2,}", re.IGNORECASE)


def next_probe(rubric: Rubric, scores: Scores, follow_up: FollowUp | None, own: Probe | None = None) -> Probe | None:
    """The evaluator's `own` question if it can be asked, else one of the rubric's; None when nothing more is asked.

    Nothing is asked where no criterion has room, nor after the last follow-up. Of the rubric's probes at the weakest
    criterion the one is taken whose subject the answer lacks: the most words in common with the checks that are not
    met. The answer's own words would not do, since what it says plenty about needs no question. Words of grammar are
    not counted, and words that begin alike are one ("counting" and "counted"). In a tie the first counts, so the order
    of a rubric's probes is that in which an interviewer would ask them. What was asked before is not asked again.
    """
    weakest = min(scores.criteria, key=lambda criterion: criterion.score)
    if weakest.score == FULL_MARKS or (follow_up and follow_up.is_last):
        return None
    asked = _asked(follow_up)
    equally_weak = {each.name for each in scores.criteria if each.score == weakest.score}
    if own and own.criterion in equally_weak and own.question not in asked:
        return own
    criterion = next(each for each in rubric.criteria if each.name == weakest.name)
    lacking = _stems(
        " ".join(check.text for check in criterion.checks if scores.findings[check.id].verdict is not Verdict.MET)
    )
    open_ = [probe for probe in criterion.probes if probe not in asked]
    best = max(open_, key=lambda probe: len(_stems(probe) & lacking), default=None)
    return Probe(criterion=criterion.name, question=best) if best else None


def askable(criterion: str, question: str) -> Probe | None:
    """A question of a model's as a probe: on one line. None for what is no question that a stranger may be shown.

    The model has read the answer, which may have told it what to ask: so nothing long, no addresses, and nothing that
    speaks to a grader.
    """
    line = " ".join(visible(question).split())
    fits = QUESTION_MIN_CHARS <= len(line) <= QUESTION_MAX_CHARS and line.endswith(("?", "？", "؟"))
    if not fits or _ADDRESS.search(line) or addresses_grader(line):
        return None
    return Probe(criterion=criterion, question=line)


def _asked(follow_up: FollowUp | None) -> set[str]:
    if follow_up is None:
        return set()
    return {follow_up.probe.question} | {turn.asked.question for turn in follow_up.earlier if turn.asked}


def _stems(text: str) -> set[str]:
    grammar = set(word_lists()["grammar"])
    return {word[:STEM_CHARS] for word in words(text) if word not in grammar}
