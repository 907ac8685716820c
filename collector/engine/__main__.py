"""Runs the engine in the foreground: ``python -m collector.engine [--port N] [--home DIR]``; Ctrl-C ends it."""

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from collector.engine import EmbeddedEngine, EngineError
from collector.engine.progress import Progress as EngineProgress

_TITLES = {
    "wait": "waiting for another process",
    "download": "fetching the engine (once)",
    "compile": "compiling the shim (once)",
    "archive": "rehearsing the start (once)",
    "start": "starting",
}


class ProgressBars:
    """One bar a phase, on standard error."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description:<30}"),
            BarColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
        )
        self.display = Progress(*columns, console=Console(stderr=True))
        self._tasks: dict[str, TaskID] = {}

    def report(self, progress: EngineProgress) -> None:
        """Show one report of the engine."""
        if progress.phase not in self._tasks:
            title = _TITLES.get(progress.phase, progress.phase)
            self._tasks[progress.phase] = self.display.add_task(title, total=progress.total, detail="")
        self.display.update(self._tasks[progress.phase], completed=progress.done, detail=progress.detail)


def main() -> int:
    """Start, say where, and wait for SIGINT or SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m collector.engine", description=(__doc__ or "").split(";")[0])
    parser.add_argument("--port", type=int, default=9200, help="HTTP port on 127.0.0.1; 0 for a free one (9200)")
    parser.add_argument("--home", type=Path, help="keep data here; without it, data goes when the engine ends")
    options = parser.parse_args()
    # SIGTERM is handled like Ctrl-C, so that the engine is stopped and a temporary home removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bars = ProgressBars()
    engine = EmbeddedEngine(home=options.home, http_port=options.port, on_progress=bars.report)
    try:
        with bars.display:
            engine.start()
        sys.stdout.write(f"The engine answers at {engine.url}; Ctrl-C ends it.\n")
        sys.stdout.flush()
        engine.wait()
        sys.stderr.write("The engine ended by itself.\n")
    except KeyboardInterrupt:
        return 0
    except EngineError as failure:
        sys.stderr.write(f"{failure}\n")
    finally:
        engine.stop()
    return 1


if __name__ == "__main__":
    sys.exit(main())
