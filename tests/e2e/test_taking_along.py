"""An export of a real practice, read back into an empty account on the running stack."""

import re
from typing import Any

from tests.e2e.client import Coach, waiting
from tests.e2e.conftest import strong_answer
from tests.unit.given import ANSWER, MORE

STATISTICS = [
    "/api/stats/overview",
    "/api/stats/by-category",
    *(f"/api/stats/by-criterion?category={name}" for name in ("product_design", "strategy", "execution", "analytical")),
    "/api/stats/trend",
    "/api/stats/heatmap",
    "/api/questions/next",
]

Page = dict[str, Any]


def practise(coach: Coach) -> None:
    """Fifty attempts: good and bad, follow-ups, an exam that has ended and one that goes on, an empty session."""
    asked = 0
    for index, (mode, count) in enumerate((("standard", 18), ("exam", 8), ("timed", 10), ("exam", 6))):
        session = coach.session(mode=mode)
        for number in range(count):
            question = (index * 7 + number) % 9 + 1
            text = strong_answer(question) if number % 3 else ANSWER
            assert coach.answer(session, text, question).status_code == 201
        for number in range(1, count + 1):
            attempt = coach.settled(session, number)
            if mode != "exam" and attempt["follow_up"] and asked < 8:
                more = coach.answer(session, MORE[asked % len(MORE)], attempt["question_id"], follow_up_to=number)
                assert more.status_code == 201
                asked += 1
        if index < 3:
            assert coach.post(f"/api/sessions/{session}/end").status_code == 200
    assert asked == 8
    coach.session(category_filter="strategy")
    for _ in waiting("all to be evaluated"):
        if not any(each["pending_count"] for each in coach.get("/api/sessions").json()):
            break


def exported(coach: Coach, limit: int) -> list[Page]:
    found = []
    address = f"{coach.url}/api/export?limit={limit}"
    while address:
        answer = coach.get(address.removeprefix(coach.url))
        assert answer.status_code == 200
        found.append(answer.json())
        link = answer.headers.get("Link")
        address = re.findall("<(.*)>", link)[0] if link else ""
    return found


def statistics(coach: Coach) -> list[Any]:
    return [coach.get(path).json() for path in STATISTICS]


def comparable(pages: list[Page]) -> dict[str, Page]:
    """The sessions of all pages without whose they are, when they were imported, and what an open exam withholds."""
    found: dict[str, Page] = {}
    for page in pages:
        for session in page["sessions"]:
            going_on = session["mode"] == "exam" and not session["ended_at"]
            left_out = {"imported_at": None} | ({"status": None, "failure": None} if going_on else {})
            attempts = [each | left_out for each in session["attempts"]]
            kept = session | {"user_id": None, "pending_count": None, "attempts": []}
            found.setdefault(session["id"], kept)["attempts"] += attempts
    return found


def test_a_practice_of_fifty_attempts_is_the_same_in_another_account(coach: Coach) -> None:
    practise(coach)
    other = Coach.registered(coach.url)
    pages = exported(coach, 7)
    assert sum(len(each["attempts"]) for page in pages for each in page["sessions"]) == 50
    shuffled = [*pages[1::2], *pages[::2][::-1]]

    taken = [other.post("/api/import", page).json() for page in (*shuffled, *pages)]

    assert sum(each["attempts"]["imported"] for each in taken) == 50
    assert sum(each["attempts"]["already_there"] for each in taken) == 50
    assert sum(each["sessions"]["imported"] for each in taken) == 5
    assert statistics(other) == statistics(coach)
    assert comparable(exported(other, 100)) == comparable(exported(coach, 100))
    assert coach.get("/api/export", format="csv", limit=100).text.count("\r\n") >= 51

    (exam,) = [each["id"] for each in pages[-1]["sessions"] if each["mode"] == "exam" and not each["ended_at"]]
    other.post(f"/api/sessions/{exam}/end")
    assert other.post(f"/api/sessions/{exam}/attempts/2/evaluation").status_code == 202
    assert other.settled(exam, 2)["status"] == "evaluated"
    assert other.answer(other.session(), ANSWER).json()["id"] == 1
