"""English at large: the 82,000 words of symspellpy's frequency dictionary, which come from the Google Books n-grams."""

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

UNKNOWN_SHARE_MAX, FOREIGN_SHARE = 0.17, 0.5
"""In the part of the golden set to build on, at most 0.1 of a real answer's words are unknown, and 0.16 of one about
servers; invented words begin at 0.21, other languages at 0.6."""

_RAREST = 1e-6


def probability(word: str) -> float | None:
    """How likely it is that a word of an English text is this one; None for a word that the dictionary lacks."""
    counts, total = _dictionary()
    count = counts.get(word)
    return None if count is None else max(int(count) / total, _RAREST)


def unknown_share(said: Iterable[str]) -> float:
    """The share of words that the dictionary lacks: names in a real text, more in another language.

    A word counts when it has at least four letters, so that abbreviations do not, or is in another script.
    """
    counted = [word for word in said if (len(word) > 3 and word.isalpha() if word.isascii() else word[0].isalpha())]
    counts, _ = _dictionary()
    return sum(word not in counts for word in counted) / max(len(counted), 1)


@cache
def _dictionary() -> tuple[dict[str, str], float]:
    """Counts, as written, since few of them are ever read; and their sum."""
    # Found and not imported: the package's code takes longer to load than its file.
    package = find_spec("symspellpy")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("symspellpy")
    path = Path(package.origin).with_name("frequency_dictionary_en_82_765.txt")
    content = path.read_bytes().decode("utf-8-sig").split()
    return dict(zip(content[::2], content[1::2], strict=True)), float(sum(map(int, content[1::2])))
