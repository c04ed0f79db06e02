"""Text inside an answer that speaks to whoever grades it, and is no part of the answer. Pure."""

import re
from enum import Enum

from coach.characters import visible
from coach.evaluation.cues import vocabulary
from coach.evaluation.english import FOREIGN_SHARE, unknown_share
from coach.evaluation.text import pieces, words

WHOLE_SHARE = 0.7
"""A paragraph of which so many sentences seem to speak to the grader goes as a whole."""

FOREIGN_MIN_WORDS = 4
TELLING_WITH_ANOTHER = 2
HINTS, HINTS_ALONE = 2, 4

_GRADER = r"(?:grader|evaluator|assessor|examiner|rater)"
_MODEL = r"(?:ai|llm|claude|chatgpt|assistant|model)"
_ANSWER = r"(?:answer|response|submission|attempt)"
_FULL_MARKS = (
    r"(?:(?:10|ten)\s?(?:/|out of)\s?(?:10|ten)|(?:full|maximum|max|perfect) (?:marks?|scores?|points|grades?|credit))"
)
_JUDGED = r"(?:should|must) (?:be (?:given|graded|scored|rated|marked|awarded)|get|receive)"
_PRAISED = r"(?:names|identif\w+|demonstrat\w+|shows|explains|provides|covers|chooses|states|meets|deserves|has|is)"
_TO_THE_GRADER = re.compile(
    "|".join(
        [
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rubrics?|guidelines)\b",
            rf"\byou are (?:now )?(?:an?|the|my) (?:\w+ ){{0,3}}?(?:{_GRADER}|{_MODEL})\b",
            rf"\b(?:dear|hey|hi|hello|attention|note to)\W{{1,3}}(?:the )?(?:\w+ )?(?:{_GRADER}|{_MODEL})\b",
            rf"\b(?:to|for) the (?:\w+ )?{_GRADER}\b",
            rf"\b{_GRADER}s?\b.{{0,60}}\b(?:must|should|please|award|give|mark|score)\b",
            rf"\b(?:give|award|assign|rate|score|grade|mark|evaluate)\b.{{0,30}}\b(?:this|my) {_ANSWER}\b",
            rf"\b(?:give|award|assign|score|rate|grade|deserves?|receives?)\b.{{0,40}}\b{_FULL_MARKS}(?!\w)",
            rf"\b(?:this|my|the) {_ANSWER}\b.{{0,60}}\b(?:deserves?|merits|meets|satisf\w+|demonstrates|{_JUDGED})\b",
            rf"\bthe (?:candidate|applicant|interviewee) (?:\w+ly )?{_PRAISED}\b",
            r"\ball (?:of )?(?:the )?(?:checks?|criteria)\b.{0,20}\b(?:met|satisfied|fulfilled|passed)\b",
            r"\bmark (?:all|every|each)\b",
            r"\b(?:system prompt|prompt injection|jailbreak|as an ai|grading (?:instructions?|rubric|policy|mode))\b",
            r"^\W*(?:system|assistant|developer)\W{0,3}(?:prompt|message|note|override|update)\s?\W{0,2}:",
            r"^\W*[\[(<|]\W{0,2}(?:system|assistant|developer)\b",
            r"</?\s?(?:system|answer|instructions?|rubric|grading|evaluation|assistant|admin)\b",
            r"\"(?:verdict|check|check_id|checks|quotes|overall|score|overall_score|findings)\"\s?:",
            r"\b(?:end|start|beginning) of (?:the )?(?:answer|candidate|submission)\b",
        ]
    ),
    re.IGNORECASE,
)
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


def addresses_grader(text: str) -> bool:
    """Whether a passage speaks to whoever grades it, or about its own grade, instead of answering. Errs on no."""
    return _TO_THE_GRADER.search(" ".join(visible(text).split())) is not None


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
