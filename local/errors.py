"""What can go wrong that the user can do something about: one line each."""


class LocalError(Exception):
    """The local stack cannot go on; the message says why and what helps."""
