"""Replaces itself with a command that must not outlive the process which started it.

``python -m collector.demo.tether PARENT_PID COMMAND...``: on Linux the kernel ends the command when its parent dies,
even by ``kill -9`` (``prctl(PR_SET_PDEATHSIG)``, kept across ``exec``). Elsewhere it only runs the command. The command
sees its own arguments and nothing of this.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_TOO_LATE: Final = 1


def tether(command: Sequence[str]) -> list[str]:
    """Return the command line that runs ``command`` tied to this process."""
    return [sys.executable, "-m", "collector.demo.tether", str(os.getpid()), *command]


def main(arguments: Sequence[str]) -> None:
    """Ask the kernel for the signal, make sure the parent is still there, and become the command."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died before the signal was asked for
            sys.exit(_TOO_LATE)
    os.execv(command[0], command)  # noqa: S606 - the demo's own command line, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
