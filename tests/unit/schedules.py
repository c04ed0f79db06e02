"""Every interleaving of a few workers, one after the other, at the boundaries of their DynamoDB calls.

    table, session = schedules.table, ...

    for run in schedules:
        first, second = run.together(lambda: add(table, session), lambda: add(table, session))

        assert ...

The loop's body runs once per schedule, each time on the table as it was before the loop. `together` starts a thread per
worker, of which one at a time runs, from one step to the next; a step is a call of the client's, or what a worker names
with `run.step`. Which worker takes the next step is a choice, and the choices are searched depth first until no other
is left: no random, no sleep, nothing missed. The calls of a worker may come from any thread that inherits its context,
as those of `asyncio.to_thread` do.
"""

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from coach.storage import Storage
from tests.unit import snapshots
from tests.unit.given import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PATIENCE_SECONDS = 20.0
STEPS_MAX = 100

_here: "ContextVar[_Actor | None]" = ContextVar("_here", default=None)


class Stuck(Exception):
    """A worker neither takes a step nor ends, or a schedule does not go again as it went before."""


class _Abandoned(BaseException):
    """Ends a worker whose run is over."""


@dataclass(frozen=True)
class _Choice:
    """Which of the workers that could take a step took it: that at `taken` in `options`."""

    options: tuple[str, ...]
    taken: int = 0


class _Actor:
    """One worker in its thread. It waits at each step until it is told to go on."""

    def __init__(self, name: str, work: Callable[[], Any], arrived: threading.Semaphore) -> None:
        self.name = name
        self.at: str | None = "start"
        self.outcome: Any = None
        self._arrived = arrived
        self._go = threading.Semaphore(0)
        self._abandoned = False
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._live, work), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def go_on(self) -> None:
        self._go.release()

    def abandon(self) -> None:
        self._abandoned = True
        self._go.release()

    def join(self) -> bool:
        """Whether the thread has ended."""
        self._thread.join(PATIENCE_SECONDS)
        return not self._thread.is_alive()

    def wait(self, step: str) -> None:
        self.at = step
        self._arrived.release()
        if not self._go.acquire(timeout=PATIENCE_SECONDS * 2) or self._abandoned:
            raise _Abandoned

    def _live(self, work: Callable[[], Any]) -> None:
        _here.set(self)
        try:
            self.outcome = work()
        except _Abandoned:
            return
        except BaseException as error:
            self.outcome = error
        self.at = None
        self._arrived.release()


class Run:
    """One schedule: the choices that are to be made again, in order, and those that were made."""

    def __init__(self, again: tuple[_Choice, ...]) -> None:
        self.choices: list[_Choice] = []
        self.trace: list[str] = []
        self._again = again
        self._arrived = threading.Semaphore(0)

    def step(self, name: str) -> None:
        """A place at which another worker may come first."""
        actor = _here.get()
        if actor:
            actor.wait(name)

    def together(self, *works: Callable[[], Any]) -> tuple[Any, ...]:
        """Run workers by this run's schedule; what each returned or raised."""
        if self.trace:
            raise Stuck("one run is one schedule: call `together` once")
        actors = [_Actor(chr(ord("A") + n), work, self._arrived) for n, work in enumerate(works)]
        try:
            for actor in actors:
                actor.start()
                self._await(actor)
            while waiting := [actor for actor in actors if actor.at]:
                if len(self.trace) == STEPS_MAX:
                    raise Stuck(f"no end after {self.trace}")
                actor = self._chosen(waiting)
                self.trace.append(f"{actor.name} {actor.at}")
                actor.go_on()
                self._await(actor)
        finally:
            for actor in actors:
                actor.abandon()
            print(", ".join(self.trace))  # pytest shows the last one when a test fails
        if not all(actor.join() for actor in actors):
            raise Stuck("a worker has not ended")
        return tuple(actor.outcome for actor in actors)

    def _await(self, actor: _Actor) -> None:
        if not self._arrived.acquire(timeout=PATIENCE_SECONDS):
            raise Stuck(f"{actor.name} takes no further step after {self.trace}")

    def _chosen(self, waiting: list[_Actor]) -> _Actor:
        options = tuple(f"{actor.name} {actor.at}" for actor in waiting)
        made = len(self.choices)
        choice = self._again[made] if made < len(self._again) else _Choice(options)
        if choice.options != options:
            raise Stuck(f"after {self.trace} there was a choice of {choice.options}, and now of {options}")
        self.choices.append(choice)
        return waiting[choice.taken]


def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table tries again at once; its deadline stands."""
    monkeypatch.setattr("coach.storage.dynamo.random", SimpleNamespace(uniform=lambda *_: 0.0))


class Schedules:
    """All schedules of the workers that the loop's body runs together; `count` of them have been run.

    `table` tells the time by `clock`. What the test has put in the table before the loop is there in each run.
    """

    def __init__(self, client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.client = client
        self.clock = Clock()
        self.storage = Storage(client, "coach", now=self.clock)
        call = client._make_api_call  # type: ignore[attr-defined]

        def stepped(operation: str, arguments: Any) -> Any:
            if actor := _here.get():
                actor.wait(operation)
            return call(operation, arguments)

        monkeypatch.setattr(client, "_make_api_call", stepped)
        no_sleep(monkeypatch)

    def __iter__(self) -> Iterator[Run]:
        before, now = snapshots.taken(), self.clock()
        path: tuple[_Choice, ...] = ()
        while True:
            snapshots.restore(before)
            self.clock.seconds = now
            run = Run(path)
            yield run
            if not run.trace:
                raise Stuck("nothing was run together")
            self.count += 1
            choices = run.choices
            while choices and choices[-1].taken == len(choices[-1].options) - 1:
                choices.pop()
            if not choices:
                print(f"{self.count} schedules")
                return
            path = (*choices[:-1], _Choice(choices[-1].options, choices[-1].taken + 1))
