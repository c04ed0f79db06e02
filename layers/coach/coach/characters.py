"""Characters that show nothing, defined once: for whether an answer is empty, and for what its words and quotes are.

They come with what people paste: soft hyphens of a web page, zero-width spaces, marks of direction, the joiners of
emoji and of Indian and Persian letters. A text is stored as it was typed; who measures or reads it looks past them.
"""

import re

_NO_WIDTH = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_BLANK = "\u115f\u1160\u3164\uffa0\u2800"
"""Together what Unicode calls Default_Ignorable_Code_Point, with the marks of annotations and the blank of Braille.
The fillers of Hangul and that blank take room, as a space does."""

HYPHENATION = r"\u00ad[^\S\n\r\x0b\x0c\x85\u2028\u2029]*[\n\r\x0b\x0c\x85\u2028\u2029]\s*"
"""A soft hyphen at the end of a line and the break behind it, of whatever kind: the word goes on in the next line."""

_WITHOUT_WIDTH = re.compile(rf"{HYPHENATION}|[{_NO_WIDTH}]")
_BLANKS = re.compile(f"[{_BLANK}]")
_SHOWN = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f{_NO_WIDTH}{_BLANK}]")


def visible(text: str) -> str:
    """The text as it looks: without what has no width, and with a space for what is blank."""
    return text if text.isascii() else _BLANKS.sub(" ", _WITHOUT_WIDTH.sub("", text))


def trimmed(text: str) -> str:
    """The text from the first character that shows to the last: without space, invisible and control characters."""
    first, last = _SHOWN.search(text), _SHOWN.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""
