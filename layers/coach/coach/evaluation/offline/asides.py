"""Text inside an answer that speaks to whoever grades it, and is no part of the answer. Pure."""

import re
from enum import Enum

from coach.evaluation.injection import addresses_grader
from coach.evaluation.offline.cues import vocabulary
from coach.evaluation.offline.english import FOREIGN_SHARE, unknown_share
from coach.evaluation.text import pieces, words

WHOLE_SHARE = 0.7
"""A paragraph of which so many sentences seem to speak to the grader goes as a whole."""

FOREIGN_MIN_WORDS = 4
TELLING_WITH_ANOTHER = 2
HINTS, HINTS_ALONE = 2, 4

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PARAGRAPH_END = re.compile(r"(\n[ \t]*\n\s*)")
_ENCLOSED = re.compile(r"\s*(?:[(\[{<|>].*[)\]}>|]|-{3}.*-{3}|P\W?S\b.*)\s*", re.DOTALL)
_OF_ANSWER = re.compile(r"\bthe answer\b|[:=] ?met\b", re.IGNORECASE)
_OF_CANDIDATE = re.compile(r"\bthe (?:candidate|applicant)\b", re.IGNORECASE)
_IT = re.compile(r"\W*it\b", re.IGNORECASE)
_HE_OR_SHE = re.compile(r"\W*(?:he|she)\b", re.IGNORECASE)
_PRONOUNS = {_OF_ANSWER: _IT, _OF_CANDIDATE: _HE_OR_SHE}
_RESULT = re.compile(
    r"\b\w{3,} ?[:=] ?(?:met|fulfilled|satisfied|passed)\b"
    r"|\boverall(?:[_ ]score)?\W{0,3}\d"
    r"|\b(\d{1,2}) of \1\b(?=\W*$)",
    re.IGNORECASE,
)


class Evidence(Enum):
    """That a sentence is addressed to the grader."""

    NONE = 0
    HINT = 1
    CLEAR = 2


def without_asides(answer: str) -> str:
    """The answer without comments, without sentences to the grader, and without whole paragraphs of such sentences.

    Errs on yes: a sentence lost costs a real answer little, and one that stays moves the score of a false one. But an
    answer of which half would go is about assessors or the like, and is left alone.
    """
    uncommented = _COMMENT.sub("", answer)
    parts = _PARAGRAPH_END.split(uncommented)
    kept = "".join(_kept(part) if part.strip() else part for part in parts)
    return kept if 2 * len(words(kept)) >= len(words(uncommented)) else uncommented


def _kept(paragraph: str) -> str:
    lines = paragraph.split("\n")
    evidence = [[(piece, _evidence(piece)) for piece in pieces(line)] for line in lines]
    every = [evident for line in evidence for piece, evident in line if len(words(piece)) > 1]
    speaking = len(every) - every.count(Evidence.NONE)
    if Evidence.CLEAR in every and (_ENCLOSED.fullmatch(paragraph) or speaking >= WHOLE_SHARE * len(every)):
        return ""
    aside = False
    spoken_of: set[re.Pattern[str]] = set()
    remaining = []
    for line, found in zip(lines, evidence, strict=True):
        kept = []
        for piece, evident in found:
            goes_on = evident is Evidence.HINT or any(pronoun.match(piece) for pronoun in spoken_of)
            aside = evident is Evidence.CLEAR or (aside and goes_on)
            if aside:
                spoken_of |= {pronoun for noun, pronoun in _PRONOUNS.items() if noun.search(piece)}
            else:
                spoken_of.clear()
                kept.append(piece)
        # A line that loses nothing stays as it is, with its marker and its spaces.
        remaining.append(line if len(kept) == len(found) else " ".join(kept))
    return "\n".join(remaining)


def _evidence(piece: str) -> Evidence:
    said = words(piece)
    foreign = len(said) >= FOREIGN_MIN_WORDS and unknown_share(said) > FOREIGN_SHARE
    if foreign or addresses_grader(piece) or _RESULT.search(piece):
        return Evidence.CLEAR
    row = f" {' '.join(said)} "
    telling = sum(f" {phrase} " in row for phrase in vocabulary()["to_the_grader"])
    hinting = sum(f" {phrase} " in row for phrase in vocabulary()["of_grading"])
    if (telling and telling + hinting >= TELLING_WITH_ANOTHER) or hinting >= HINTS_ALONE:
        return Evidence.CLEAR
    return Evidence.HINT if telling or hinting >= HINTS else Evidence.NONE
