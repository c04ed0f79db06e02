"""Text inside an answer that speaks to whoever grades it, and is no part of the answer. Pure.

A sentence has two points for each word that only grading has ("rubric", "candidate") and for a verdict as in a record
("decision: met"), one for each word that grading mostly has ("mark", "please") and for a mark near ten. From three
points on, or in another language, it is addressed to the grader, and so is what follows it while that has any.
"""

import re

from coach.evaluation.injection import addresses_grader
from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.english import FOREIGN_SHARE, unknown_share
from coach.evaluation.text import pieces, words

CLEAR = 3
WHOLE_SHARE = 0.6
"""A paragraph with an addressed sentence goes as a whole if so many have points, or if it stands in brackets."""

FOREIGN_MIN_WORDS = 4
LEFT_MIN_WORDS = 25
"""An answer is not taken away as a whole: one that is about examiners is left alone."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PARAGRAPH_END = re.compile(r"(\n[ \t]*\n\s*)")
_APART = re.compile(r"\s*(?:[(\[{<>]|-{3}|P\W?S\b)")
_VERDICT = re.compile(
    r"[:=|] ?(?:met|pass(?:ed)?|yes|fulfilled|satisfied)\b|[✓✔☑✅]|\b(\d{1,2}) (?:of|out of|/) \1\b", re.IGNORECASE
)
_NEAR_TEN = re.compile(r"\b(?:9[.,]\d|10[.,]0|10|9|ten|nine)\b", re.IGNORECASE)


def without_asides(answer: str) -> str:
    """The answer without comments, and without what is addressed to the grader."""
    uncommented = _COMMENT.sub("", answer)
    kept = "".join(_kept(part) if part.strip() else part for part in _PARAGRAPH_END.split(uncommented))
    return kept if len(words(kept)) >= LEFT_MIN_WORDS else uncommented


def _kept(paragraph: str) -> str:
    lines = [(line, [(piece, _points(piece)) for piece in pieces(line)]) for line in paragraph.split("\n")]
    points = [point for _, found in lines for piece, point in found if len(words(piece)) > 1]
    if max(points, default=0) >= CLEAR and (
        _APART.match(paragraph) or sum(map(bool, points)) >= WHOLE_SHARE * len(points)
    ):
        return ""
    aside = False
    remaining = []
    for line, found in lines:
        kept = []
        for piece, point in found:
            aside = point >= CLEAR or (aside and point > 0)
            if not aside:
                kept.append(piece)
        # A line that loses nothing stays as it is, with its marker and its spaces.
        remaining.append(line if len(kept) == len(found) else " ".join(kept))
    return "\n".join(remaining)


def _points(piece: str) -> int:
    said = words(piece)
    if addresses_grader(piece) or (len(said) >= FOREIGN_MIN_WORDS and unknown_share(said) > FOREIGN_SHARE):
        return CLEAR
    only, mostly = vocabulary()["only_of_grading"], vocabulary()["mostly_of_grading"]
    of_words = sum(2 * (word in only) + (word in mostly) for word in set(said))
    return of_words + 2 * bool(_VERDICT.search(piece)) + bool(_NEAR_TEN.search(piece))
