"""`make bench`: what a request costs in time, calls and capacity, and what one worker gets done.

Figures are ratios within this run, or counts; they are to be compared with each other, not with another machine's.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
from pathlib import Path

from local.emulator import Emulator, free_port
from tests.benchmarks import bank, calls, history, starts
from tests.rie import Machine, make_keys
from tests.unit.events import functions

MODEL_SECONDS = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each function is started; one takes a minute")
    rounds = parser.parse_args().rounds
    print_calls()
    print_bank(rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        aws = Emulator(folder / "state", folder / "emulator.log", known_port=free_port())
        try:
            machine = Machine(aws, folder)
            machine.values["DAILY_ATTEMPT_LIMIT"] = "1000000"
            make_keys(machine)
            print_history(aws)
            print_throughput(machine)
            print_imports(machine)
            print_starts(machine, rounds)
        finally:
            aws.kill()


def print_calls() -> None:
    with contextlib.redirect_stdout(io.StringIO()):  # the functions log there
        found = calls.measure()
    print("\nDynamoDB, per request\n")
    print("| endpoint | calls | read units | write units |\n|---|---|---|---|")
    for name, (operations, read, written) in found.items():
        print(f"| {name} | {len(operations)}: {', '.join(operations) or 'none'} | {read} | {written} |")


def print_bank(rounds: int) -> None:
    found = bank.measure(rounds)
    one = found["one question"]
    print(f"\nThe bank, first call of a new process, as ratios to one question ({one * 1000:.1f} ms)\n")
    print("| read | ratio |\n|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {seconds / one:.2f} |")


def print_history(aws: Emulator) -> None:
    print("\nA user's history: warm calls, the function's own time and with the emulator's\n")
    print("| attempts | endpoint | read units | own | with the emulator |\n|---|---|---|---|---|")
    for count, found in history.measure(aws).items():
        for name, cost in found.items():
            print(f"| {count:,} | {name} | {cost.read} | {cost.own * 1000:.0f} ms | {cost.whole * 1000:.0f} ms |")
        for page, endpoints in history.PAGES.items():
            ratio = found[page].whole / sum(found[each].whole for each in endpoints)
            print(f"{count:,} attempts: {page} takes {ratio:.2f} times as long as {', '.join(endpoints)} together")


def print_throughput(machine: Machine) -> None:
    count, took, at_once = starts.throughput(machine, MODEL_SECONDS)
    print(f"\nOne worker, a model that takes {MODEL_SECONDS:.0f} s\n")
    print(f"{count} answers in {took:.1f} s: {count / took:.2f} a second, {at_once} at once")


def print_imports(machine: Machine) -> None:
    print(
        "\nImports that take more than a tenth of a function's imports (a package counts with what it imports first)\n"
    )
    print("| function | imports |\n|---|---|")
    for name in functions():
        large = starts.large_imports(machine, name)
        print(f"| {name} | {', '.join(f'{module} {share:.0%}' for module, share in large)} |", flush=True)


def print_starts(machine: Machine, rounds: int) -> None:
    found = starts.measure(machine, rounds)
    floors = [floor for kinds in found.values() for floor, _ in kinds["at once"].pairs]
    cold, first, warm = (
        statistics.median(getattr(each, name) for each in floors) for name in ("cold", "first", "warm")
    )
    print(
        f"\nStarts, as ratios to the floor ({cold * 1000:.0f} ms cold, {first * 1000:.0f} of it the first invocation, "
        f"{warm * 1000:.1f} warm), where AWS answers at once, and where it is the emulator\n"
    )
    print("| function | cold | first invocation, ms | warm | cold without .pyc | emulator: cold | warm |")
    print("|---|---|---|---|---|---|---|")
    for name, kinds in found.items():
        once, bare, emulator = kinds["at once"], kinds["without .pyc"], kinds["emulator"]
        print(
            f"| {name} | {once.ratio('cold'):.2f} | {once.first() * 1000:.0f} | {once.ratio('warm'):.2f} "
            f"| {bare.ratio('cold'):.2f} | {emulator.ratio('cold'):.2f} | {emulator.ratio('warm'):.2f} |"
        )


if __name__ == "__main__":
    main()
