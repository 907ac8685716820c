"""Where the daemon's processor time goes, stage by stage: ``python -m benchmarks.profile`` prints a table.

The daemon reads a full hub under ``benchmarks.sampler``; each sample counts for the stage of the innermost function
that belongs to one. ``--write before`` or ``after`` keeps the profile in ``results/PROFILE.json`` and puts the tables
into ``docs/performance.md``.
"""

import argparse
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.cases import CASES, PARTITIONS, find_case
from benchmarks.document import write_place
from benchmarks.measuring import BenchmarkError, set_stage
from benchmarks.processes import cpu_seconds
from benchmarks.subjects import Command, daemon
from benchmarks.surroundings import commit

PROFILE: Final = Path(__file__).parent / "results" / "PROFILE.json"
PLACE: Final = "profile"
"""Of the tables in the page."""
_PATIENCE_SECONDS: Final = 30.0
OTHER: Final = "event loop and the rest"
STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "AMQP receive": (
        "azure/eventhub/",
        "collector/inputs/event_hub/receiving.py",
        "collector/inputs/event_hub/prefetch",
    ),
    "event: body, position, intake": (
        "collector/inputs/event_hub/",
        "collector/delivery/intake.py",
        "collector/delivery/budget.py",
        "collector/delivery/tap.py",
    ),
    "split": ("collector/inputs/splitting.py", "collector/inputs/envelope.py", "collector/inputs/salvage.py"),
    "id": ("collector/delivery/identity.py",),
    "content policy": ("collector/redact/",),
    "encode, route": (
        "collector/output/elasticsearch/encoding.py",
        "collector/events.py",
        "collector/delivery/processing.py",
    ),
    "batch": ("collector/output/elasticsearch/batching.py", "collector/output/elasticsearch/items.py"),
    "gzip": ("collector/output/elasticsearch/client.py:BulkClient.compress",),
    "HTTP": (
        "collector/output/elasticsearch/client.py",
        "collector/output/elasticsearch/node.py",
        "elastic_transport/",
        "elasticsearch/",
        "aiohttp/",
    ),
    "reply": ("collector/output/elasticsearch/outcomes.py",),
    "send, settle": (
        "collector/delivery/acknowledgement.py",
        "collector/delivery/intake.py:_Slice.",
        "collector/output/elasticsearch/",
        "collector/output/backoff.py",
    ),
    "checkpoint": ("collector/delivery/checkpointing.py", "collector/state/"),
}
"""The stages, each with the beginnings of the names of its functions; the longest beginning counts."""


class Profile(msgspec.Struct, frozen=True):
    """One profile.

    Attributes:
        commit: what was profiled.
        records_per_cpu_second: by the same run, the sampler's own time included.
        shares: of the samples, by stage.
    """

    commit: str
    records_per_cpu_second: float
    shares: dict[str, float]


def find_stage(functions: Iterable[str]) -> str:
    """Return the stage of a stack, given from the innermost function outwards."""
    for function in functions:
        matches = [
            (len(beginning), stage)
            for stage, beginnings in STAGES.items()
            for beginning in beginnings
            if function.startswith(beginning)
        ]
        if matches:
            return max(matches)[1]
    return OTHER


def read_stacks(lines: Iterable[str]) -> Counter[tuple[str, ...]]:
    """Return the samples by stack, each from the innermost function outwards."""
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        stacks[tuple(reversed(stack.split(";")))] += int(count)
    return stacks


def aggregate(stacks: Mapping[tuple[str, ...], int]) -> dict[str, float]:
    """Return the share of each stage, in the order of the stages."""
    samples: Counter[str] = Counter()
    for stack, count in stacks.items():
        samples[find_stage(stack)] += count
    return {stage: samples[stage] / samples.total() for stage in (*STAGES, OTHER)}


def profile(case: str, records: int) -> Profile:
    """Profile the daemon in the steady part of a case.

    Raises:
        BenchmarkError: the daemon did not finish, or left no samples.
    """
    chosen = find_case(case)
    whole = int(records * chosen.share) // chosen.per_event * chosen.per_event
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        with set_stage(
            _sampled(stacks), records=whole, per_event=chosen.per_event, partitions=PARTITIONS, kind=chosen.kind
        ) as stage:
            process = stage.subject
            process.send_signal(signal.SIGUSR2)
            before = cpu_seconds(process.pid)
            done = stage.wait_for(whole)
            rate = (done - stage.begun) / (cpu_seconds(process.pid) - before)
            process.terminate()
            process.wait(_PATIENCE_SECONDS)
        if not stacks.exists():
            raise BenchmarkError("the daemon left no samples")
        shares = aggregate(read_stacks(stacks.read_text(encoding="utf-8").splitlines()))
    return Profile(commit(), round(rate), {stage: round(share, 4) for stage, share in shares.items()})


def _sampled(stacks: Path) -> Callable[[str, str, Path], Command]:
    def command(connection_string: str, url: str, folder: Path) -> Command:
        python, *_, run, policy, path, data, place = daemon(connection_string, url, folder)
        return [python, "-m", "benchmarks.sampler", str(stacks), run, policy, path, data, place]

    return command


def render(profiles: Mapping[str, Profile]) -> str:
    """Return a table: a column for each profile, microseconds of processor time a record by stage."""
    head = " | ".join(f"{name}, `{each.commit}`" for name, each in profiles.items())
    lines = [f"| µs a record | {head} |", "|---|" + "---:|" * len(profiles)]
    for stage in (*STAGES, OTHER):
        costs = (each.shares.get(stage, 0) * 1e6 / each.records_per_cpu_second for each in profiles.values())
        lines.append(f"| {stage} | {' | '.join(f'{cost:.2f}' for cost in costs)} |")
    whole = (f"{1e6 / each.records_per_cpu_second:.2f}" for each in profiles.values())
    return "\n".join([*lines, f"| whole | {' | '.join(whole)} |", ""])


def render_all(profiles: Mapping[str, Mapping[str, Profile]]) -> str:
    """Return a table for each case."""
    titles = {case.name: case.title for case in CASES}
    return "".join(f"\n**{titles[case]}**\n\n{render(kept)}\n" for case, kept in profiles.items())


def read_profiles() -> dict[str, dict[str, Profile]]:
    """Return the profiles that are committed: by case, by name."""
    return msgspec.json.decode(PROFILE.read_bytes(), type=dict[str, dict[str, Profile]]) if PROFILE.exists() else {}


def main() -> int:
    """Profile one case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--case", choices=[case.name for case in CASES], default="25")
    parser.add_argument("--records", type=int, default=600_000, help="at 25 an event; fewer where records are dearer")
    parser.add_argument("--write", choices=("before", "after"), help="keep the profile under this name")
    options = parser.parse_args()
    taken = profile(options.case, options.records)
    print(render({"now": taken}))
    if options.write:
        profiles = read_profiles()
        profiles.setdefault(options.case, {})[options.write] = taken
        PROFILE.write_bytes(msgspec.json.format(msgspec.json.encode(profiles)) + b"\n")
        write_place(PLACE, render_all(profiles))
    return 0


if __name__ == "__main__":
    sys.exit(main())
