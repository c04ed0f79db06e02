"""`make sweep` on moto: what is left of deleted accounts and sessions goes."""

from argparse import Namespace
from typing import cast

import pytest

from coach.aws import EvaluationQueue
from coach.model import Session
from coach.storage import Storage
from operations.stacks import Stack, StackError
from operations.sweep import main
from tests.conftest import OTHER, USER
from tests.unit.given import Queue, a_session, add, owned_by


def test_what_is_marked_is_deleted_and_nothing_else(
    storage: Storage, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    add(storage, session)
    theirs = storage.sessions.create(a_session(OTHER))[0]
    storage.accounts.delete(USER)

    code = main([], find=lambda _: Stack(storage, cast("EvaluationQueue", Queue()), {}, "http://localhost"))

    assert code == 0
    assert owned_by(storage, USER) == {}
    assert owned_by(storage, OTHER).keys() == {"PROFILE", f"SESSION#{theirs.id}"}
    assert capsys.readouterr().out == "Deleted accounts and sessions of which something was left: 1\n"


def test_without_a_stack_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def none(_: Namespace) -> Stack:
        raise StackError("no stack is running")

    code = main([], find=none)

    assert code == 2
    assert capsys.readouterr().err == "make sweep: no stack is running\n"
