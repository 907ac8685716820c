"""Runs the daemon and samples its stack: ``python -m benchmarks.sampler FOLDED_FILE run --policy ...``.

Sampling begins with SIGUSR2. Then a signal comes after each millisecond of processor time that the process has used
(``ITIMER_PROF``, setitimer(2)), so waiting counts nothing and a call into C counts for the function that makes it. When
the daemon ends, the stacks are written as lines ``outermost;...;innermost NUMBER``, which flame graphs are made of.
Files are named relative to where they are imported from.
"""

import atexit
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

_SECONDS_BETWEEN_SAMPLES: Final = 0.001


class Sampler:
    """Counts stacks."""

    def __init__(self) -> None:
        self._stacks: Counter[tuple[CodeType, ...]] = Counter()

    def start(self, *_: object) -> None:
        """Take samples from now on."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS_BETWEEN_SAMPLES, _SECONDS_BETWEEN_SAMPLES)

    def stop(self) -> None:
        """Take none any more."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    @property
    def taken(self) -> int:
        """Samples so far."""
        return self._stacks.total()

    def _take(self, _signal: int, frame: FrameType | None) -> None:
        stack: list[CodeType] = []
        while frame is not None:
            stack.append(frame.f_code)
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1

    def write(self, path: Path) -> None:
        """Write what was counted."""
        lines = (f"{';'.join(map(_name, reversed(stack)))} {count}\n" for stack, count in self._stacks.items())
        path.write_text("".join(lines), encoding="utf-8")


def _name(code: CodeType) -> str:
    """Return ``FILE:FUNCTION``, the file relative to the folder that it is imported from."""
    folder = max((each for each in sys.path if each and code.co_filename.startswith(each)), key=len, default="")
    return f"{code.co_filename.removeprefix(folder).lstrip('/')}:{code.co_qualname}"


def main() -> None:
    """Run the collector's command line under the sampler."""
    from collector.cli import main as run  # noqa: PLC0415 - imported after the arguments were taken

    sampler, path = Sampler(), Path(sys.argv.pop(1))
    atexit.register(sampler.write, path)
    atexit.register(sampler.stop)
    signal.signal(signal.SIGUSR2, sampler.start)
    run()


if __name__ == "__main__":
    main()
