"""An answer as text: made safe to store, cut into words and sentences, and searched for quotes. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

QUOTE_MIN_CHARS = 10
QUOTE_MAX_CHARS = 300
SENTENCE_MAX_WORDS = 45
CHUNK_WORDS = 30

_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ](?=\w)")
_WITHOUT_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # Thai, kana, Han, Hangul: a word a character
_WORD = re.compile(rf"[{_WITHOUT_SPACES}]|[^\W_{_WITHOUT_SPACES}]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_SENTENCE_END = re.compile(
    r"[。！？]+|(?:\}|-{3,})\s+|(?:(?<!e\.g)(?<!i\.e)(?<!\bvs)[.!?]+[\"'”’)\]*]*|;)\s+|</?\w[^<>]{0,40}>"
)
_LABEL = re.compile(r"[*_]{0,2}[^\W\d_]+(?:[ /-][^\W\d_]+){0,2}[*_]{0,2}:[*_]{0,2}\s+")
_RUN = re.compile(r"\S+")
_MARKER = re.compile(r"\s*(?:[-*+•–—>|]+\s+|\(?\d{1,2}[.)]\s+)*")
_SPELLINGS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("‘’‚‛′`´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("*\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None)
)


def readable(text: str) -> str:
    """The text without what JSON, DynamoDB or a page cannot hold: lone surrogates and control characters."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _UNSAFE.sub(" ", _LINE_BREAK.sub("\n", joined))


def words(text: str) -> list[str]:
    """Lower-case words: "Don't trade-off 1,200" is `dont trade off 1200`; scripts without spaces, by character."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_THOUSANDS.sub("", _APOSTROPHE.sub("", plain)))


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
    """An answer that quotes are looked up in, whatever their case, white space, dashes and quotation marks."""

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
    """The text in one spelling, and for each of its characters the place in the text that it came from."""
    letters: list[str] = []
    places: list[int] = []
    for match in _RUN.finditer(text):
        run, start = match.group(), match.start()
        if letters and letters[-1] != " ":
            letters.append(" ")
            places.append(start)
        if run.isalnum() and run.isascii():
            letters.extend(run.lower())
            places.extend(range(start, match.end()))
            continue
        for place, char in enumerate(run, start):
            for letter in _plain(char):
                if letter != " " or (letters and letters[-1] != " "):
                    letters.append(letter)
                    places.append(place)
    return "".join(letters), places


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """One character in one spelling; NFKD and not NFKC, which joins characters and so loses their places."""
    spelt = unicodedata.normalize("NFKD", char).casefold().translate(_SPELLINGS)
    return "".join(" " if letter.isspace() or not letter.isprintable() else letter for letter in spelt)
