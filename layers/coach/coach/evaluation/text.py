"""An answer as text: made safe to store, cut into words and sentences, and searched for quotes. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from coach.characters import HYPHENATION, visible

QUOTE_MIN_CHARS = 10
QUOTE_MAX_CHARS = 300
SENTENCE_MAX_WORDS = 45
CHUNK_WORDS = 30

COLUMNS_MIN, COLUMNS_MAX = 30, 120
FULL = 0.85
"""The share of the columns that a broken line fills: in a PDF letters have different widths, so it is not all of them.
"""

_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FORMS = re.compile(r"[\xa0\u2000-\u200a\u202f\u205f\u3000\uff01-\uff5e\ufb00-\ufb06]")
_QUOTATION = str.maketrans(dict.fromkeys("‘’‚‛ʼ", "'") | dict.fromkeys("“”„‟", '"'))
_APOSTROPHE = re.compile(r"(?<=\w)['‘’ʼ`´′](?=\w)")
_WITHOUT_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"  # kana, Han, Hangul, more of Han
)
_CHARACTER = re.compile(f"[{_WITHOUT_SPACES}]")
_LATIN = re.compile(r"[\x00-\u02ff\u2000-\u20cf\u2100-\u2bff]*")
_LATIN_WORD = re.compile(r"[^\W_]+")
"""What a word is where there are neither combining marks nor scripts without spaces: the same, and found faster."""

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_SENTENCE_END = re.compile(
    r"[。！？]+|(?:\}|-{3,})\s+|(?:(?<!e\.g)(?<!i\.e)(?<!\bvs)[.!?]+[\"'”’)\]*]*|;)\s+|</?\w[^<>]{0,40}>"
)
_LABEL = re.compile(r"[*_]{0,2}[^\W\d_]+(?:[ /-][^\W\d_]+){0,2}[*_]{0,2}:[*_]{0,2}\s+")
_LABELLED = re.compile(r"\s*[^\W\d_][^.,;:!?]{0,30}:\s")
_BULLET = (
    "[-*+>|•‣⁃∙·–—・\u25a0-\u27bf\u2b00-\u2bff\ue000-\uf8ff]+"  # those of Word's fonts are in the private-use area
)
_NUMBER = r"\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,4})[.)]"
_MARKER = re.compile(rf"\s*(?:(?:{_BULLET}|{_NUMBER}|\d\u20e3)\s+|o(?:\t|\s{{2,}}))*", re.IGNORECASE)
_PART = re.compile(rf"{HYPHENATION}|\s+|[^\s\u00ad]+|\u00ad")
_BROKEN_AT_HYPHEN = re.compile(r"[^\W\d_]-\s*\Z")
_HYPHEN = re.compile(r"(?<=[^\W\d_])- ?(?=[^\W\d_])")
_SPELLINGS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"') | {ord("*"): None}
)


def readable(text: str) -> str:
    """The text without what JSON, DynamoDB or a page cannot hold: lone surrogates and control characters."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _UNSAFE.sub(" ", _LINE_BREAK.sub("\n", joined))


def as_meant(text: str) -> str:
    """The text as its writer meant it, whatever a word processor, a mail program or a PDF has made of it.

    Without invisible characters, in the common forms of letters, spaces and quotation marks, and with broken lines
    joined. Only for reading: a quote of it is found in the text as stored, see Source.
    """
    common = _FORMS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), visible(readable(text)))
    return _unbroken(common.translate(_QUOTATION))


def _unbroken(text: str) -> str:
    """The text with the lines joined that were broken only because they were full.

    A line was full when the first word of the next one did not fit: with it, it would be about as long as the longest
    that has another below. This is believed only of a text of 30 to 120 columns in which more of those lines go on in
    lower case than not. Whatever begins an item, a row, a heading or a label stays a line, and so do a new sentence and
    what stands below a short line, as in a verse.
    """
    lines = text.split("\n")
    upper = [place for place, (line, below) in enumerate(pairwise(lines)) if _may_go_on(line, below)]
    columns = max((len(lines[place].rstrip()) for place in upper if " " in lines[place].strip()), default=0)
    broken = {
        place
        for place in upper
        if len(lines[place].rstrip()) + 1 + len(lines[place + 1].split()[0]) > FULL * columns
        and not (_first(lines[place + 1]).isupper() and _ends_sentence(lines[place]))
    }
    in_lower_case = sum(_first(lines[place + 1]).islower() for place in broken)
    if not COLUMNS_MIN <= columns <= COLUMNS_MAX or 2 * in_lower_case <= len(broken):
        return text
    parts = [lines[0]]
    for place, line in enumerate(lines[1:]):
        if place not in broken:
            parts += "\n", line
        elif _BROKEN_AT_HYPHEN.search(parts[-1]):
            parts.append(line.lstrip())
        else:
            parts += " ", line.lstrip()
    return "".join(parts)


def _may_go_on(line: str, below: str) -> bool:
    """Whether nothing but the columns can tell if the second line goes on what the first one says."""
    if not line.strip() or not below.strip() or _is_item(below) or line.lstrip().startswith("|"):
        return False
    return _first(below).islower() or not (_is_title(line) or _is_title(below) or _LABELLED.match(below))


def _is_item(line: str) -> bool:
    return bool(line[: _marker_end(line)].strip())


def _is_title(line: str) -> bool:
    item = line[_marker_end(line) :].strip()
    return _is_heading(item, bullet=True) and (item[0].isupper() or item[0] in "#*")


def _ends_sentence(line: str) -> bool:
    spaced = f"{line.rstrip()} "
    return any(match.end() == len(spaced) for match in _SENTENCE_END.finditer(spaced))


def _first(line: str) -> str:
    return line.lstrip()[0]


def words(text: str) -> list[str]:
    """Lower-case words: "Don't trade-off 1,200" is `dont trade off 1200`.

    A word keeps the marks on its letters: in many scripts they are its vowels. Scripts that put no spaces between words
    are cut into characters, each with its marks.
    """
    plain = unicodedata.normalize("NFKC", _APOSTROPHE.sub("", visible(text))).casefold()
    word = _LATIN_WORD if _LATIN.fullmatch(plain) else _word()
    return word.findall(_THOUSANDS.sub("", plain))


@cache
def _word() -> re.Pattern[str]:
    """Python's \\w has no combining marks. There are none beyond these planes but those that visible() takes away."""
    marks = re.escape("".join(char for char in map(chr, range(0x20000)) if unicodedata.category(char)[0] == "M"))
    letter = rf"[^\W_{_WITHOUT_SPACES}]"
    return re.compile(rf"{letter}+(?:[{marks}]+{letter}*)*|(?=[^\W_])[{_WITHOUT_SPACES}][{marks}]*")


def is_character(word: str) -> bool:
    """Whether it is a character of a script without spaces, and not a whole word."""
    return _CHARACTER.match(word) is not None


def letters(text: str) -> int:
    """How many of its characters are letters, marks on letters, or digits."""
    return sum(unicodedata.category(char)[0] in "LMN" for char in text)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or list item, verbatim, with its words and those of the heading that it stands under."""

    text: str
    words: tuple[str, ...]
    heading: tuple[str, ...]

    @property
    def asks(self) -> bool:
        return self.text.endswith("?")


def sentences(text: str) -> list[Sentence]:
    """The distinct sentences, whatever the format: prose, bullets, tables, or no punctuation at all.

    What is said twice is there once. A heading ("## Users", "**Users**", "Users:") is not a sentence: it is the
    context of what follows it, as is a label for the one sentence that it begins ("Task: I had to ...").
    """
    found: dict[tuple[str, ...], Sentence] = {}
    heading: tuple[str, ...] = ()
    for line in filter(str.strip, text.split("\n")):
        item = line[_marker_end(line) :].strip()
        if _is_heading(item, bullet=_marker_end(line) > 0):
            heading = tuple(words(item))
            continue
        for piece in pieces(item):
            label = _LABEL.match(piece)
            spoken = tuple(words(piece[label.end() :] if label else piece))
            if spoken:
                found.setdefault(spoken, Sentence(piece, spoken, (*heading, *words(label[0])) if label else heading))
    return list(found.values())


def _marker_end(line: str) -> int:
    match = _MARKER.match(line)
    return match.end() if match else 0


def _is_heading(item: str, *, bullet: bool) -> bool:
    if item.startswith("#"):
        return True
    bare = item.strip("*_ ")
    few = 0 < len(bare.split()) <= 8
    if item.startswith("**") and item.rstrip(":").endswith("**") and few:
        return "**" not in bare
    return few and (bare.endswith(":") or (not bullet and len(bare.split()) <= 4 and bare[-1] not in ".!?,;"))


def pieces(line: str) -> list[str]:
    """A line's sentences, verbatim."""
    found, start = [], 0
    for end in (*(match.end() for match in _SENTENCE_END.finditer(line)), len(line)):
        piece = line[start:end].strip()
        start = end
        if piece:
            found.extend(_chunks(piece))
    return found


def _chunks(piece: str) -> list[str]:
    """A sentence that never ends, cut after every so many words."""
    gaps = [match.start() for match in re.finditer(r"\s+", piece)]
    if len(gaps) < SENTENCE_MAX_WORDS:
        return [piece]
    cuts = [0, *gaps[CHUNK_WORDS - 1 :: CHUNK_WORDS], len(piece)]
    return [piece[start:end].strip() for start, end in pairwise(cuts) if piece[start:end].strip()]


class Source:
    """An answer that quotes are looked up in, whatever their case, white space, dashes and quotation marks.

    The answer is the text as stored: what it gives back is verbatim, with all that shows nothing.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._spelling, self._places = _spelling(text)

    def quote(self, claimed: str) -> str | None:
        """The answer's own words for a claimed quote, at most 300 characters; None if it never said them.

        A fragment too short to prove anything (under ten letters and digits) is no quote either.
        """
        wanted = _spelling(claimed)[0].strip(" \"'")
        start = self._spelling.find(wanted)
        if start < 0:
            wanted = wanted.strip(" .")  # an ellipsis or a full stop that is only the quote's
            start = self._spelling.find(wanted)
        if start < 0 or sum(map(str.isalnum, wanted)) < QUOTE_MIN_CHARS:
            return None
        verbatim = self._text[self._places[start] : self._places[start + len(wanted) - 1] + 1]
        return verbatim if len(verbatim) <= QUOTE_MAX_CHARS else _cut(verbatim)


def _cut(verbatim: str) -> str:
    head = verbatim[:QUOTE_MAX_CHARS]
    return head.rsplit(None, 1)[0] if " " in head else head


def _spelling(text: str) -> tuple[str, list[int]]:
    """The text in one spelling, and for each of its characters the place in the text that it came from.

    A hyphen between letters is no part of it, nor is a space behind one: there a line may have ended.
    """
    letters: list[str] = []
    places: list[int] = []
    for match in _PART.finditer(text):
        part, start = match.group(), match.start()
        if part[0] == "\u00ad":
            continue
        if part.isalnum() and part.isascii():
            letters.extend(part.lower())
            places.extend(range(start, match.end()))
            continue
        for place, char in enumerate(part, start):
            for letter in _plain(char):
                if letter != " " or (letters and letters[-1] != " "):
                    letters.append(letter)
                    places.append(place)
    spelt, start = "".join(letters), 0
    kept: list[int] = []
    for match in _HYPHEN.finditer(spelt):
        kept += places[start : match.start()]
        start = match.end()
    return _HYPHEN.sub("", spelt), kept + places[start:]


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """One character in one spelling; NFKD and not NFKC, which joins characters and so loses their places."""
    spelt = unicodedata.normalize("NFKD", visible(char)).casefold().translate(_SPELLINGS)
    return "".join(" " if letter.isspace() or not letter.isprintable() else letter for letter in spelt)
