"""Text inside an answer that speaks to whoever grades it, and is no part of the answer. Pure.

A sentence has two points for each word that only grading has ("rubric", "candidate") and for a verdict as in a record
("decision: met"), one for each word that grading mostly has ("mark", "please"), and one more with a mark near ten. What
speaks to a grader in so many words, or is in another language, has four. Neighbouring sentences with points go together
once they have four together. Words of the question count for nothing: it may be about an exam.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import count

from coach.evaluation.injection import addresses_grader
from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.english import unknown_share
from coach.evaluation.text import pieces, words

ENOUGH = 4
WHOLE_SHARE, WHOLE_MIN = 0.6, 4
"""A paragraph goes as a whole if it stands in brackets and has enough points, or if a sentence of it has and so many of
its sentences have some (of fewer than four: all)."""

FOREIGN_FROM = ((6, 0.5), (10, 0.35))
"""So many words are in another language when more than this share of them is unknown: the more, the surer."""

LEFT_MIN_WORDS = 25
"""An answer is not taken away as a whole: one that is about examiners is left alone."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PARAGRAPH_END = re.compile(r"(\n[ \t]*\n\s*)")
_ENCLOSED = re.compile(r"\s*(?:[(\[{<>].*[)\]}>]\W*|-{3}.*-{3}|P\W?S\b.*)\s*", re.DOTALL)
_VERDICT = re.compile(
    r"[:=|] ?(?:met|pass(?:ed)?|yes|fulfilled|satisfied)\b|\boverall\b\W{0,3}\d"
    r"|\banything (?:under|below|less than)\b|[✓✔☑✅]|\b(\d{1,2}) (?:of|out of|/) \1\b",
    re.IGNORECASE,
)
_NEAR_TEN = re.compile(r"\b(?:9[.,]\d|10[.,]0|10|9|ten|nine)\b", re.IGNORECASE)


def without_asides(answer: str, asked: Iterable[str] = ()) -> str:
    """The answer without comments, and without what is addressed to the grader; `asked` are the question's words."""
    uncommented = _COMMENT.sub("", answer)
    lists, given = vocabulary(), set(asked)
    weights = dict.fromkeys(lists["mostly_of_grading"], 1) | dict.fromkeys(lists["only_of_grading"], 2)
    weights = {word: weight for word, weight in weights.items() if word not in given}
    parts = _PARAGRAPH_END.split(uncommented)
    kept = "".join(_kept(part, weights) if part.strip() else part for part in parts)
    return kept if len(words(kept)) >= LEFT_MIN_WORDS else uncommented


def _kept(paragraph: str, weights: Mapping[str, int]) -> str:
    lines = [[(piece, _points(piece, weights)) for piece in pieces(line)] for line in paragraph.split("\n")]
    every = [point for found in lines for piece, point in found if len(words(piece)) > 1]
    whole = max(WHOLE_SHARE * len(every), min(WHOLE_MIN, len(every)))
    if _ENCLOSED.fullmatch(paragraph) and sum(every) >= ENOUGH:
        return ""
    if max(every, default=0) >= ENOUGH and sum(map(bool, every)) >= whole:
        return ""
    gone = _together([point for found in lines for _, point in found])
    places = count()
    remaining = []
    for line, found in zip(paragraph.split("\n"), lines, strict=True):
        kept = [piece for piece, _ in found if next(places) not in gone]
        # A line that loses nothing stays as it is, with its marker and its spaces.
        remaining.append(line if len(kept) == len(found) else " ".join(kept))
    return "\n".join(remaining)


def _together(points: list[int]) -> set[int]:
    """The places in runs that have enough points."""
    found: set[int] = set()
    run: list[int] = []
    for place, point in enumerate([*points, 0]):
        if point:
            run.append(place)
            continue
        if sum(points[each] for each in run) >= ENOUGH:
            found.update(run)
        run = []
    return found


def _points(piece: str, weights: Mapping[str, int]) -> int:
    said = words(piece)
    foreign = unknown_share(said)
    if addresses_grader(piece) or any(len(said) >= many and foreign > share for many, share in FOREIGN_FROM):
        return ENOUGH
    points = sum(weights.get(word, 0) for word in set(said)) + 2 * bool(_VERDICT.search(piece))
    return points + bool(points and _NEAR_TEN.search(piece))
