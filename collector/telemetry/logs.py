"""Log lines: ECS JSON for machines, one readable line for a person at a terminal.

Levels: ERROR asks for a person; WARNING was handled, but someone should know; INFO marks a change of state and a
summary every half minute; DEBUG is for developers. The Azure SDKs are quieted: what they complain of arrives at our
own callbacks.
"""

import logging
import sys
from collections import deque
from collections.abc import Sequence
from typing import Final, TextIO, override

import ecs_logging

from collector.telemetry.plain_text import make_printable

_STANDARD_FIELDS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# The message again, and what is the same in every line of one process.
_LEFT_OUT: Final = ("log.original", "log.origin", "process")
_QUIET: Final = {
    "azure": logging.CRITICAL,
    "elastic_transport": logging.ERROR,
    "aiohttp": logging.ERROR,
    "grpc": logging.CRITICAL,
}

_LINES_KEPT: Final = 1000
_LONGEST_LINE_KEPT: Final = 8192
"""Characters: what is kept takes 8 MB at the most, and some 300 KB as a rule."""


class _Readable(logging.Formatter):
    """``10:15:02 INFO  message  field=value``."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {make_printable(record.getMessage())}"
        # A value from outside must not look like a line of its own; a traceback, which has lines, stands farther in.
        shown = "  ".join(f"{name}={make_printable(str(value))}" for name, value in fields.items())
        trace = self.formatException(record.exc_info).split("\n") if record.exc_info else []
        return "\n".join([f"{line}  {shown}".rstrip(), *(f"    {make_printable(each)}" for each in trace)])


class RecentLines(logging.Handler):
    """Keeps the last lines of the log as ECS JSON, for those who ask a running collector what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_make_json_formatter())
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if len(line) <= _LONGEST_LINE_KEPT:
            self._lines.append(line)

    @property
    def lines(self) -> Sequence[str]:
        """The lines of this moment, oldest first."""
        return tuple(self._lines)


class _Signature(logging.Filter):
    """Says in each line which worker it is of."""

    def __init__(self, worker: int) -> None:
        super().__init__()
        self._worker = worker

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.worker = self._worker
        return True


def configure_logs(*, level: str, stream: TextIO = sys.stderr, worker: int | None = None) -> RecentLines:
    """Send the log to ``stream``: readable on a terminal, ECS JSON elsewhere. Return what keeps its last lines.

    A ``worker`` shares the stream with others, so each line says its number.
    """
    handler, recent = logging.StreamHandler(stream), RecentLines()
    handler.setFormatter(_Readable() if stream.isatty() else _make_json_formatter())
    if worker is not None:
        for each in (handler, recent):
            each.addFilter(_Signature(worker))
    logging.basicConfig(level=level.upper(), handlers=[handler, recent], force=True)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    return recent


def _make_json_formatter() -> logging.Formatter:
    return ecs_logging.StdlibFormatter(exclude_fields=_LEFT_OUT)
