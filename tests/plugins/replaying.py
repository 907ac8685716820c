"""The command ``replay dead-letters``, run as people run it."""

import asyncio
import sys
from dataclasses import dataclass

from plugins.daemon import Job


@dataclass(frozen=True)
class Ended:
    """How the command ended and what it printed."""

    code: int
    table: str
    errors: str


async def replay(job: Job, *options: str) -> Ended:
    """Run the command with a job's policy and data, and wait for its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collector", "replay", "dead-letters"),
        *("--policy", str(job.policy), "--data", str(job.data), *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"COLUMNS": "200"},
    )
    printed, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    assert b"Traceback" not in errors
    return Ended(process.returncode, printed.decode(), errors.decode())


def rows(table: str) -> dict[str, int]:
    """What a table says: the words of each row that ends in a number, and that number."""
    lines = [line.split() for line in table.splitlines()]
    return {" ".join(words[:-1]): int(words[-1]) for words in lines if words and words[-1].isdecimal()}
