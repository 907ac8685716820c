"""Asks uv: what is locked, and for what else it alone knows."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
EXTRAS: Final = ("demo", "preview", "fleet")
"""Those of users; ``dev`` never leaves a checkout."""


class UvError(Exception):
    """Uv is missing or refused; the message is its own."""


def find_uv() -> str:
    """Return the program, of this machine or of the checkout.

    Raises:
        UvError: there is none.
    """
    found = shutil.which("uv") or shutil.which(ROOT / ".tools" / "bin" / "uv")
    if found is None:
        raise UvError("uv is not installed: run `make env`")
    return found


def run_uv(*arguments: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run it with this interpreter; it fetches no other. What it returned is for the caller to look at.

    ``more`` is set in its environment.
    """
    ours = {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    environ = {**os.environ, **ours, **more}
    environ.pop("VIRTUAL_ENV", None)
    command = [find_uv(), *arguments]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, check=False)  # noqa: S603 - uv


def export(form: str, extras: Sequence[str] = EXTRAS) -> bytes:
    """Return what users get, as locked, in one of the forms that ``uv export`` knows.

    Raises:
        UvError: it refused, as it does when the lock does not fit ``pyproject.toml``.
    """
    chosen = [f"--extra={extra}" for extra in extras]
    ran = run_uv("export", "--locked", "--quiet", "--no-header", "--no-emit-project", f"--format={form}", *chosen)
    if ran.returncode:
        raise UvError(ran.stderr.decode().strip())
    return ran.stdout
