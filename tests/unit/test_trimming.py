"""Memory that nobody uses goes back to the system, and asking for that costs little."""

import subprocess
import sys

import pytest

from collector.inputs.event_hub.trimming import Trimmer, find_trim

# Pieces too large for Python's own pools, each with a small one after it that stays.
FRAGMENTED = """
import re
from pathlib import Path
from collector.inputs.event_hub.trimming import Trimmer

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

pieces, kept = [], []
for _ in range(2000):
    pieces.append(bytes(20_000))
    kept.append(bytes(600))
del pieces
before = resident()
Trimmer().trim()
print(before - resident())
"""


@pytest.mark.skipif(find_trim() is None, reason="the C library is not glibc")
def test_memory_that_is_free_between_what_stays_goes_back_to_the_system() -> None:
    told = subprocess.run([sys.executable, "-c", FRAGMENTED], check=True, capture_output=True, text=True)
    assert int(told.stdout) > 20 * 1024 * 1024  # of the 40 MB that were freed


def test_the_heap_is_trimmed_once_a_second_at_most() -> None:
    trims: list[int] = []
    times = iter([0.0, 0.0, 0.2, 0.9, 1.1, 1.3, 9.0])  # the first of them when it is made
    trimmer = Trimmer(trims.append, clock=lambda: next(times))
    trimmed: list[int] = []
    for _ in range(6):
        trimmer.trim()
        trimmed.append(len(trims))
    assert trimmed == [1, 1, 1, 2, 2, 3]
