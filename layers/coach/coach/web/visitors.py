"""Who looks at a page."""

from coach.errors import CoachError
from coach.http.browser import signed_in
from coach.model import User
from coach.web.site import Site


class SignInNeeded(CoachError):
    """Nobody has signed in on this browser, or no longer; `onward` is where to go on afterwards."""

    status = 401

    def __init__(self, onward: str) -> None:
        super().__init__("Sign in first")
        self.onward = onward


def visitor(site: Site, onward: str | None = None) -> User:
    """Who has signed in on this browser. Raises SignInNeeded; `onward` is another place to go on at than this page."""
    user: User | None = site.context.get("visitor") or signed_in(site)
    if user is None:
        raise SignInNeeded(onward or site.here)
    site.context["visitor"] = user
    return user
