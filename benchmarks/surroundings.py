"""Which commit is measured, and on what machine."""

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def measured_by(module: str) -> str:
    """Return the words with which a page says what measured its figures, and when, of what and where."""
    return f"`python -m {module}` on {datetime.now(UTC):%Y-%m-%d}, commit `{commit()}`, {machine()}"


def commit() -> str:
    """Return the commit that is measured."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def machine() -> str:
    """Return what it is measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()
    )
    return f"{len(_processors())} x {model}, CPython {platform.python_version()}, {platform.system()}"


def _cpuinfo() -> list[str]:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()


def _processors() -> list[str]:
    return [line for line in _cpuinfo() if line.startswith("processor")]
