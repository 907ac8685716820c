"""A profile: samples of the daemon's stack become shares of stages."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.document import read_place
from benchmarks.profile import (
    OTHER,
    PLACE,
    STAGES,
    Profile,
    aggregate,
    find_stage,
    read_profiles,
    read_stacks,
    render,
    render_all,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        (["collector/inputs/envelope.py:find_pieces", "collector/inputs/event_hub/reader.py:_take_in"], "split"),
        (["logging/__init__.py:Logger.info", "collector/delivery/identity.py:EventIds.event_id"], "id"),
        (["collector/output/elasticsearch/client.py:BulkClient.compress"], "gzip"),
        (["collector/output/elasticsearch/client.py:BulkClient.send"], "HTTP"),
        (["collector/output/elasticsearch/sending.py:Sender.deliver"], "send, settle"),
        (["asyncio/base_events.py:BaseEventLoop._run_once"], OTHER),
        ([], OTHER),
    ],
)
def test_the_innermost_function_with_a_stage_decides(stack: list[str], stage: str) -> None:
    assert find_stage(stack) == stage


def test_every_stage_names_code_that_exists() -> None:
    ours = {each.split(":")[0] for beginnings in STAGES.values() for each in beginnings if each.startswith("collector")}
    missing = [each for each in ours if not list(ROOT.glob(f"{each.rstrip('/')}*"))]
    assert missing == []


def test_shares_add_up_and_keep_the_order_of_the_stages() -> None:
    stacks = read_stacks(["a:b;collector/delivery/identity.py:x 3", "a:b 1"])
    shares = aggregate(stacks)
    assert list(shares) == [*STAGES, OTHER]
    assert (shares["id"], shares[OTHER]) == (0.75, 0.25)


def test_the_table_has_microseconds_a_record() -> None:
    table = render({"before": Profile("c1", 50_000, {"id": 0.5}), "after": Profile("c2", 100_000, {"id": 0.25})})
    assert "| µs a record | before, `c1` | after, `c2` |" in table
    assert "| id | 10.00 | 2.50 |" in table
    assert "| whole | 20.00 | 10.00 |" in table


def test_each_case_has_a_table() -> None:
    tables = render_all({"25": {"before": Profile("c1", 50_000, {})}, "1": {"before": Profile("c1", 10_000, {})}})
    assert tables.index("**25 an event**") < tables.index("**1 an event**")


def test_the_page_has_the_profiles_that_are_committed() -> None:
    assert read_place(PLACE) == render_all(read_profiles())


SAMPLED = """
import sys
from pathlib import Path
from benchmarks.sampler import Sampler

def burn():
    while not sampler.taken:
        pass

sampler = Sampler()
sampler.start()
burn()
sampler.stop()
sampler.write(Path(sys.argv[1]))
"""


def test_the_sampler_counts_stacks_of_processor_time(tmp_path: Path) -> None:
    path = tmp_path / "stacks"
    subprocess.run([sys.executable, "-c", SAMPLED, str(path)], cwd=ROOT, check=True, timeout=60)
    stacks = read_stacks(path.read_text(encoding="utf-8").splitlines())
    assert any(function.endswith(":burn") for stack in stacks for function in stack)
