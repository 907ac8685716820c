"""What a ticket needs to know of a running collector, as texts by the names of their files.

Promises: holds no secret and nothing of a record: the policy is masked, of tasks and threads there are places in the
code and no values, of the environment names, of the data folder names and sizes; the log holds neither by its own
promise. Every text goes through the scrubber besides.
"""

import asyncio
import faulthandler
import json
import os
import platform
import resource
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from collector import __version__
from collector.agent.scrubbing import Scrubber
from collector.policy import Policy, render_effective

_VARIABLES: Final = ("AOAI_", "AZURE_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "PYTHON")


def gather_diagnostics(
    policy: Policy, report: Mapping[str, Any], metrics: str, lines: Sequence[str], data: Path
) -> dict[str, str]:
    """Return the texts: policy, ``report`` as status, metrics, the recent log ``lines``, tasks, threads, platform."""
    texts = {
        "policy.yml": render_effective(policy),
        "status.json": json.dumps(report, indent=2, ensure_ascii=False),
        "metrics.txt": metrics,
        "log.ndjson": "".join(f"{line}\n" for line in lines),
        "tasks.txt": "\n".join(_describe_tasks()),
        "threads.txt": _describe_threads(),
        "platform.json": json.dumps(describe_platform(), indent=2),
        "data-folder.txt": "\n".join(list_folder(data)),
    }
    scrubber = Scrubber(policy)
    return {name: scrubber.scrub(text) for name, text in texts.items()}


def describe_platform() -> dict[str, Any]:
    """Return what the process runs on: system, limits, packages; of environment variables the names only."""
    return {
        "collector": __version__,
        "python": sys.version,
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "open_files_limit": resource.getrlimit(resource.RLIMIT_NOFILE),
        "user": os.getuid(),
        "variables": sorted(name for name in os.environ if name.upper().startswith(_VARIABLES)),
        "packages": {each.name: each.version for each in sorted(distributions(), key=lambda each: each.name.lower())},
    }


def list_folder(data: Path) -> Iterator[str]:
    """Yield a line for each file of the data folder: mode, size, name."""
    for path in sorted(data.iterdir()) if data.is_dir() else ():
        status = path.lstat()
        yield f"{status.st_mode:o} {status.st_size:>12} {path.name}"


def _describe_tasks() -> Iterator[str]:
    """Yield where each task stands; frames show code, never values."""
    for task in asyncio.all_tasks():
        yield f"{task.get_name()}: {getattr(task.get_coro(), '__qualname__', 'unknown')}"
        for frame in task.get_stack():
            yield from (line.rstrip() for line in traceback.format_list(traceback.extract_stack(frame, limit=1)))


def _describe_threads() -> str:
    """Return where each thread stands, as Python's own fault handler tells it."""
    with TemporaryFile() as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        return file.read().decode(errors="replace")
