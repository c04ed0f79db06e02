"""Calculations that an answer writes out, and whether they hold. Pure; one pass over the text, no backtracking."""

import re
from dataclasses import dataclass

UNIT_WORDS_MAX = 4
"""So many words may stand between a number and the sign after it: "2.94M people in the city × 3"."""

CALCULATIONS_MAX = 100

_TOKEN = re.compile(
    r"(?P<number>\d{1,15}(?:,\d{3})*(?:\.\d{1,9})?)(?:\s?(?P<scale>%|percent\b|thousand\b|million\b|billion\b|bn\b|[kmb]\b))?"
    r"|(?P<sign>[×*÷=≈→+−]|/(?![^\W\d])|(?<=\s)[x-](?=\s))"
    r"|(?P<word>[^\W\d_]+)"
    r"|(?P<stop>[.,;!?:](?=\s|$)|\n|[()–])",
    re.IGNORECASE,
)
_SCALES = {"%": 0.01, "percent": 0.01, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_SCALES |= {"b": 1e9, "bn": 1e9, "billion": 1e9, "": 1.0}
_SIGNS = {"times": "*", "of": "*", "plus": "+", "minus": "-", "divided": "/", "x": "*", "×": "*", "÷": "/", "−": "-"}
_SIGNS |= dict.fromkeys(("is", "are", "equals", "gives", "makes", "saves", "brings", "means", "≈", "→"), "=")
_SIGNS |= {sign: sign for sign in "*/+-="}
_CONVERSIONS = (60.0, 24.0, 7.0, 12.0, 30.0, 52.0, 365.0, 3600.0)
_TIME = re.compile(
    r"second|minute|hour|day|week|month|year|annual|quarter|\b(?:s|sec|min|h|hrs?|wks?|yrs?|pa|p\.a)\b", re.IGNORECASE
)
TOLERANCE, TOLERANCE_MAX = 0.03, 0.1


@dataclass(frozen=True, slots=True)
class Calculation:
    """One equation, as written, and whether it comes out right: rounding and a change of unit are allowed."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    bare: float
    scale: str
    rounding: float


def calculations(text: str) -> list[Calculation]:
    found: list[Calculation] = []
    terms: list[_Number] = []
    signs: list[str] = []
    start = unit_words = 0
    for token in _TOKEN.finditer(text):
        kind, said = token.lastgroup, token.group()
        if kind in ("number", "scale"):
            if not terms or len(signs) < len(terms):
                terms, signs, start = [], [], token.start()
            terms.append(_number(token["number"], (token["scale"] or "").lower()))
            unit_words = 0
            if "=" in signs:
                if len(signs) > 1 and len(found) < CALCULATIONS_MAX:
                    written = text[start : token.end()].strip()
                    found.append(Calculation(written, _holds(terms, signs[:-1], _factors(written))))
                terms, signs, start = [terms[-1]], [], token.start()
            continue
        sign = _SIGNS.get(said.lower()) if kind in ("sign", "word") else None
        if said.lower() == "of" and terms and terms[-1].scale not in ("%", "percent"):
            sign = None
        if sign and terms and len(signs) < len(terms):
            signs.append(sign)
            unit_words = 0
        elif kind == "stop" or unit_words == UNIT_WORDS_MAX or (sign and said.lower() != "is"):
            terms, signs, unit_words = [], [], 0
        else:
            unit_words += 1
    return found


def _number(digits: str, scale: str) -> _Number:
    bare = float(digits.replace(",", ""))
    significant = digits.replace(",", "").rstrip("0") if "." not in digits else digits
    last_place = 10.0 ** (len(digits.replace(",", "")) - len(significant))
    if "." in digits:
        last_place = 10.0 ** -len(digits.split(".")[1])
    return _Number(bare * _SCALES[scale], bare, scale, last_place / 2 / bare if bare else 0.0)


def _factors(written: str) -> list[float]:
    """By what a result may be off for a change of unit that is written there: seconds to hours, or per cent."""
    conversions = (*(_CONVERSIONS if _TIME.search(written) else ()), *([100.0] if "%" in written else ()))
    return [1.0, *conversions, *(1 / conversion for conversion in conversions)]


def _holds(terms: list[_Number], signs: list[str], factors: list[float]) -> bool:
    *operands, claimed = terms
    made = _value([operand.value for operand in operands], signs)
    targets = [claimed.value]
    if not any(operand.scale in _SCALES and operand.scale not in ("", "%", "percent") for operand in operands):
        targets.append(claimed.bare)  # "126 + 6 + 11 = 143M" counts in millions throughout
    return made is not None and any(
        # Rounding and a change of unit together would let slipped zeros pass.
        abs(made * factor - target) <= (TOLERANCE if factor != 1 else _tolerance(claimed)) * abs(target) + 1e-9
        for target in targets
        for factor in factors
    )


def _tolerance(claimed: _Number) -> float:
    return min(max(TOLERANCE, claimed.rounding), TOLERANCE_MAX)


def _value(numbers: list[float], signs: list[str]) -> float | None:
    """Products before sums, as one writes it; None for a division by nothing."""
    total, product = 0.0, numbers[0]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if sign == "*":
            product *= number
        elif sign == "/":
            if number == 0:
                return None
            product /= number
        else:
            total += product
            product = number if sign == "+" else -number
    return total + product
