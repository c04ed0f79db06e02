"""Passages that speak to the grader: prompt injection, and made-up grades. Pure."""

import re

from coach.characters import visible

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
            r"\b(?:to|for) whoever (?:or whatever )?(?:reads|grades|reviews|marks|scores|rates|evaluates|assesses)\b",
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


def addresses_grader(text: str) -> bool:
    """Whether a passage speaks to whoever grades it, or about its own grade, instead of answering. Errs on no."""
    return _TO_THE_GRADER.search(" ".join(visible(text).split())) is not None
