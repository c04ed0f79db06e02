"""An export that is imported into another account: the same figures, and the same export but for whose it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.storage import Storage
from tests.conftest import create_table
from tests.unit.documents import DOCUMENTS, Document, counted, imported
from tests.unit.events import call
from tests.unit.given import a_user, imbalances
from tests.unit.test_export import pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIGURES = [
    "/api/stats/overview",
    "/api/stats/by-category",
    "/api/stats/by-criterion?category=product_design",
    "/api/stats/trend?days=366",
    "/api/stats/heatmap?days=366&tz=Europe/Berlin",
    "/api/questions/next",
]

pytestmark = pytest.mark.usefixtures("functions")


def an_account(storage: Storage) -> str:
    user = replace(a_user(f"{uuid4()}@example.com"), id=str(uuid4()))
    storage.accounts.register(user, "hash")
    return user.id


def exported(user: str, limit: int) -> list[Document]:
    return [page.json() for page in pages(f"limit={limit}", user)]


def sessions(found: Sequence[Document]) -> dict[str, Document]:
    """Those of all pages, but for what differs between accounts."""
    joined: dict[str, Any] = {}
    for page in found:
        for session in page["sessions"]:
            attempts = [each | {"imported_at": None} for each in session["attempts"]]
            joined.setdefault(session["id"], session | {"user_id": None, "attempts": []})["attempts"] += attempts
    return joined


def figures(user: str) -> list[Any]:
    return [call("GET", path, user=user).json() for path in FIGURES]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(document=DOCUMENTS, limit=st.integers(1, 5), chosen=st.data())
def test_what_was_exported_is_the_same_once_it_is_imported(
    storage: Storage, dynamodb: "DynamoDBClient", document: Document, limit: int, chosen: st.DataObject
) -> None:
    dynamodb.delete_table(TableName="coach")
    create_table(dynamodb)
    first, second = an_account(storage), an_account(storage)
    attempts = sum(len(each["attempts"]) for each in document["sessions"])
    assert counted(imported(document, first)) == (len(document["sessions"]), 0, attempts, 0)
    found = exported(first, limit)

    order = chosen.draw(st.permutations(found))
    twice = chosen.draw(st.permutations(found))
    taken = [counted(imported(page, second)) for page in (*order, *twice)]

    assert [sum(each[index] for each in taken) for index in (0, 2)] == [len(document["sessions"]), attempts]
    assert sessions(exported(second, 100)) == sessions(found)
    assert figures(second) == figures(first)
    assert imbalances(dynamodb) == []
