"""D20 of the guarantees: random schedules of faults against a model, each replayable by its seed.

1,000 schedules of crash, freeze, stall, 429, steal, duplicate delivery, reconnect, rollover and clock jump; 20,000 with
``--full``. What is real, what is modelled and what is held against it: docs/testing-by-model.md. Doubles over a
rollover are forbidden in every schedule, but for those that docs/decisions/0007 names under "What is left".
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from plugins.world.mutants import MUTATIONS, Mutation
from plugins.world.schedules import run_schedule
from plugins.world.surroundings import modelled_services

_TESTS = Path(__file__).parents[1]
_DIGESTS = """
import pathlib, sys, tempfile
from plugins.world.schedules import run_schedule
from plugins.world.surroundings import modelled_services
with modelled_services(), tempfile.TemporaryDirectory() as folder:
    for seed in range(5):
        print(run_schedule(seed, pathlib.Path(folder, str(seed))).digest)
"""


@pytest.mark.timeout(3600)
def test_random_schedules_break_no_invariant(seeds: Sequence[int], tmp_path: Path, workers: int) -> None:
    with modelled_services():
        for seed in seeds:
            result = run_schedule(seed, tmp_path / str(seed), are_workers=workers > 1)
            shutil.rmtree(tmp_path / str(seed), ignore_errors=True)
            if result.broken is not None:
                pytest.fail(str(result), pytrace=False)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_the_model_finds_a_broken_collector(mutation: Mutation, tmp_path: Path) -> None:
    with modelled_services(), mutation():
        found = next((seed for seed in range(1_000) if run_schedule(seed, tmp_path / str(seed)).broken), None)
    assert found is not None


def test_a_seed_gives_the_same_schedule_in_another_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGESTS],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(_TESTS), "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(set(digests.pop().split())) == 5
