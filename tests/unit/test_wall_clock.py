"""D17 of the guarantees: what reads the time of day, which can jump, is a short list.

All that waits, or measures a time, reads a clock that cannot jump.
"""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2] / "collector"
WALL_CLOCK = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
# Not the daemon's data path: the emulators issue tokens and times of events, demo and engine show them to people.
# `check` holds this clock against those of others; commands name files after it.
ELSEWHERE = (
    "demo/",
    "engine/",
    "emulators/",
    "assets/",
    "preview/",
    "scenario/",
    "check/",
    "commands/",
    "cli.py",
)
KNOWN = {
    "agent/": "moments that are shown: when it started, when something last succeeded",
    "inputs/event_hub/": "the enqueued time of an event that has none; moments that are shown",
    "inputs/azure_metrics/": "which minutes Azure Monitor has; a clock that jumps is under test in D18",
    "state/blob_shards.py": "the day of a line of the gap ledger",
    "state/sqlite_shards.py": "the day of a line of the gap ledger",
    "state/blob.py": "hands the SDK the age of a claim as this machine's clock would have it",
    "state/sqlite.py": "the SDK wants a time for each claim; its single owner may always claim again",
    "state/sqlite_sharing.py": "hands the SDK the age of a claim, kept by a clock that cannot jump, in its own terms",
    "telemetry/": "moments that are shown",
}


def reads_of_the_wall_clock() -> Counter[str]:
    found: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found[name] += (node.value.id, node.attr) in WALL_CLOCK
    return +found


def test_only_known_places_read_the_time_of_day() -> None:
    unknown = {name for name in reads_of_the_wall_clock() if not name.startswith(tuple(KNOWN))}

    assert unknown == set()


def test_nothing_that_decides_about_a_record_reads_it() -> None:
    deciding = ("delivery/", "output/", "redact/", "policy/")

    assert [name for name in reads_of_the_wall_clock() if name.startswith(deciding)] == []
