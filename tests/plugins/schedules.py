"""Which random schedules a run takes: ``--seed N`` runs the one of a seed and nothing else."""

from collections.abc import Sequence

import pytest

_SCHEDULES, _AT_FULL_SIZE = 1_000, 20_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="run the random schedule of this seed alone (D20)")


@pytest.fixture
def seeds(pytestconfig: pytest.Config, full_size: bool) -> Sequence[int]:
    """The seeds of the schedules to run."""
    seed = pytestconfig.getoption("--seed")
    if seed is not None:
        return [seed]
    return range(_AT_FULL_SIZE if full_size else _SCHEDULES)
