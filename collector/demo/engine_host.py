"""Holds the embedded engine in a process of its own, so that a start can be given up at any moment.

The engine's interface blocks, in downloads too, and a thread that blocks cannot be interrupted; a process can.
``python -m collector.demo.engine_host HOME`` writes one JSON object a line on its standard output: ``{"phase": ...,
"done": ..., "total": ..., "detail": ...}`` while it prepares, then ``{"url": ...}`` or ``{"error": ...}``. It stops the
engine and ends when its standard input ends, or at SIGTERM; when the JVM ends by itself, so does this, with code 1.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any, Final, TextIO

from collector.engine import EmbeddedEngine, EngineError, Progress

_FAILED: Final = 1
_CHUNK: Final = 4096


def main(home: Path) -> int:
    """Run the engine until it is no longer wanted; return the exit code."""
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_input, daemon=True).start()
    reports = _take_standard_output()

    def report(**facts: Any) -> None:
        reports.write(json.dumps(facts) + "\n")
        reports.flush()

    def report_progress(progress: Progress) -> None:
        report(phase=progress.phase, done=progress.done, total=progress.total, detail=progress.detail)

    engine = EmbeddedEngine(home=home, on_progress=report_progress)
    try:
        engine.start()
        report(url=engine.url)
        _await_end(engine)
    except EngineError as failure:
        report(error=str(failure))
    except (SystemExit, BrokenPipeError):
        return 0
    finally:
        engine.stop()
    return _FAILED


def _await_end(engine: EmbeddedEngine) -> None:
    """Return when the JVM has ended, which it must not do by itself; it stays the engine's to reap."""
    if engine.pid is not None:
        os.waitid(os.P_PID, engine.pid, os.WEXITED | os.WNOWAIT)


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit


def _leave_with_input() -> None:
    while os.read(sys.stdin.fileno(), _CHUNK):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _take_standard_output() -> TextIO:
    """Keep standard output for the reports; whatever a library prints goes to standard error."""
    mine = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return mine


if __name__ == "__main__":
    # Not sys.exit: it would wait for download threads of a start that was given up.
    os._exit(main(Path(sys.argv[1])))
