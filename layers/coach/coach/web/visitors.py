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


def visitor(site: Site) -> User:
    """Raises SignInNeeded."""
    user: User | None = site.context.get("visitor") or signed_in(site)
    if user is None:
        raise SignInNeeded(site.here)
    site.context["visitor"] = user
    return user
