"""What discards folders."""

import time
from pathlib import Path

from local.process import discard, empty_trash


def test_what_is_discarded_is_gone_at_once_and_deleted_soon(tmp_path: Path) -> None:
    folder = tmp_path / "serving"
    (folder / "deep").mkdir(parents=True)

    discard(folder)

    assert not folder.exists()
    _wait_until_empty(tmp_path)


def test_trash_that_a_killed_process_left_is_deleted_though_another_may_be_deleting_it(tmp_path: Path) -> None:
    (tmp_path / "serving-1.trash" / "deep").mkdir(parents=True)

    empty_trash(tmp_path)
    empty_trash(tmp_path)

    _wait_until_empty(tmp_path)


def _wait_until_empty(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while list(folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
