"""The initialisation of a function: from the start of its process until it asks for the first request.

AWS gives it a whole processor in that time, and no user waits for most of it. What requests will need is made then.
"""

import gc
from collections.abc import Callable
from contextlib import suppress

from coach.settings import InvalidSetting


def end_initialisation(*needed: Callable[[], object]) -> None:
    """Call each of `needed`, which keep what they make. One that lacks a setting is left to the request that needs it,
    which can say so."""
    for make in needed:
        with suppress(InvalidSetting):
            make()
    # What is there by now stays: garbage collection was off while it was made (coach/__init__.py), and never scans it.
    gc.freeze()
    gc.enable()
