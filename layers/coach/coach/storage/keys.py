"""The keys of the one table, and its units.

A user is a partition, so what belongs to somebody else cannot be addressed at all:

    pk               sk                                  what
    USER#<user>      PROFILE                             the account; `deletion`: it is being deleted, see `deletions`
    USER#<user>      SESSION#<session>                   a session and its counters; `started` feeds the index,
                                                         `deletion` is as with an account, `last_id` is the highest
                                                         number of its attempts, and `awaited` are attempts that
                                                         imported follow-ups answer, not there yet
    USER#<user>      SESSION#<session>#ATTEMPT#000001    an attempt, its evaluation, and the lease of who evaluates it
    USER#<user>      SESSION#<session>#KEY#<sha256>      an Idempotency-Key and the attempt that it made
    USER#<user>      REPLY#<session>#000001#<round>#<n>  what a model replied at the n-th try and what it cost, whether
                                                         it was of use or not; no request reads it
    USER#<user>      EVALUATION#<session>#000001#<round> an evaluation that a later round has replaced
    USER#<user>      ANSWERED#000001                     how many attempts at a question the user has
    USER#<user>      QUOTA#2026-11-21                    evaluations asked for on one day (expires by TTL)
    USER#<user>      BROWSER#<sha256>                    the session of a browser, by its cookie's secret (expires)
    USER#<user>      RESET                               the newest link for a new password (expires)
    EMAIL#<address>  EMAIL                               who owns the address, and the password's hash
    LOGIN#<sha256>   LOGIN                               when passwords for an e-mail address were wrong that came from
                                                         one network address; there may be no account (expires)
    FORGOT#<sha256>  FORGOT                              when links for a new password were asked for, for one
                                                         e-mail address; `asking` until that is mailed (expires)
    BUDGET#2026-11-21  BUDGET                            evaluations that all users asked for on one day (expires)
    BREAKER          BREAKER                             until when the model must not be called

The local index `sessions_by_start` (pk, started) lists a user's sessions in order of time. Times are ISO 8601 in UTC
with microseconds, so that they sort as text; scores are whole tenths.

The local index `attempts_by_time` (pk, at) holds a user's history, small enough to be read whole:

    at          of                                       with
    NO_TIME     a session without an attempt, and an
                exam that has ended
    a time      an attempt: microseconds since 1970      `row`: what figures are made of, see `rows`
    OPEN_EXAM   a session that is an exam and goes on    `questions`: ids of the questions attempted in it

Any other session is known by its attempts and not in the index. `at` and `row` are written by whatever writes what they
tell, so that they cannot drift. Open exams sort last: whoever reads on from the attempts learns which exams were open
after the attempts were read.
"""

import hashlib
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Network
from typing import Any

from coach.errors import NotFound
from coach.model import Attempt

Key = dict[str, Any]

ATTEMPTS_MAX = 999_999
"""The highest number of an attempt, since the numbers sort as text."""

PROFILE = "PROFILE"
SESSIONS_BY_START = "sessions_by_start"
ATTEMPTS_BY_TIME = "attempts_by_time"
NO_TIME, OPEN_EXAM = -(10**18), 10**18
"""Values of `at` before and after all times."""
BREAKER: Key = {"pk": "BREAKER", "sk": "BREAKER"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UUID = re.compile(UUID, re.IGNORECASE | re.ASCII)


def user(user_id: str) -> str:
    """The partition of a user."""
    return f"USER#{user_id}"


def profile(user_id: str) -> Key:
    return {"pk": user(user_id), "sk": PROFILE}


def email(address: str) -> Key:
    """One key for all spellings: in lower case, and composed, since a letter with accents can be spelt in two ways."""
    return {"pk": f"EMAIL#{unicodedata.normalize('NFC', address.lower())}", "sk": "EMAIL"}


def login(address: str, source_ip: str) -> Key:
    """One key for all spellings of an e-mail address, and for all of an IPv6 /64: one customer has it whole."""
    network = IPv6Network((source_ip, 64), strict=False) if ":" in source_ip else source_ip
    digest = hashlib.sha256(f"{email(address)['pk']}\n{network}".encode()).hexdigest()
    return {"pk": f"LOGIN#{digest}", "sk": "LOGIN"}


def browser(user_id: str, digest: str) -> Key:
    return {"pk": user(user_id), "sk": f"BROWSER#{digest}"}


def reset(user_id: str) -> Key:
    return {"pk": user(user_id), "sk": "RESET"}


def forgot(address: str) -> Key:
    """One key for all spellings of an e-mail address."""
    return {"pk": f"FORGOT#{hashlib.sha256(email(address)['pk'].encode()).hexdigest()}", "sk": "FORGOT"}


def session(user_id: str, session_id: str) -> Key:
    """Raises NotFound for what cannot be a session's id, so that no other item is ever addressed as a session."""
    if not _UUID.fullmatch(session_id):
        raise NotFound("Session not found")
    return {"pk": user(user_id), "sk": f"SESSION#{session_id.lower()}"}


def attempt(user_id: str, session_id: str, attempt_id: int) -> Key:
    """Raises NotFound for what cannot be an attempt's number."""
    if attempt_id > ATTEMPTS_MAX:
        raise NotFound("Attempt not found")
    of_session = session(user_id, session_id)
    return {"pk": of_session["pk"], "sk": f"{of_session['sk']}#ATTEMPT#{attempt_id:06d}"}


def idempotency(user_id: str, session_id: str, idempotency_key: str) -> Key:
    of_session = session(user_id, session_id)
    digest = hashlib.sha256(idempotency_key.encode()).hexdigest()
    return {"pk": of_session["pk"], "sk": f"{of_session['sk']}#KEY#{digest}"}


def reply(attempt: Attempt, tries: int) -> Key:
    """What a model replied in the attempt's present round."""
    place = f"{attempt.session_id}#{attempt.id:06d}#{attempt.round}#{tries}"
    return {"pk": user(attempt.user_id), "sk": f"REPLY#{place}"}


def replaced_evaluation(attempt: Attempt) -> Key:
    """Where an evaluation goes that another one replaces."""
    place = f"{attempt.session_id}#{attempt.id:06d}#{attempt.evaluation_round}"
    return {"pk": user(attempt.user_id), "sk": f"EVALUATION#{place}"}


def answered(user_id: str, question_id: int) -> Key:
    return {"pk": user(user_id), "sk": answered_sk(question_id)}


def answered_sk(question_id: int) -> str:
    return f"ANSWERED#{question_id:06d}"


def quota(user_id: str, day: datetime) -> Key:
    return {"pk": user(user_id), "sk": f"QUOTA#{day:%Y-%m-%d}"}


def budget(day: datetime) -> Key:
    return {"pk": f"BUDGET#{day:%Y-%m-%d}", "sk": "BUDGET"}


def text_of(time: datetime) -> str:
    """A time as the table holds it."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str | None) -> datetime | None:
    """The reverse of `text_of`; None for an attribute that is not there."""
    return datetime.fromisoformat(text) if text else None


def at_of(time: datetime) -> int:
    """A time as the index of attempts holds it."""
    return (time - _EPOCH) // _MICROSECOND


def time_at(at: int) -> datetime:
    """The reverse of `at_of`."""
    return _EPOCH + timedelta(microseconds=at)
