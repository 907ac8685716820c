"""Log lines: ECS JSON for machines, one readable line for a person at a terminal.

Levels: ERROR asks for a person; WARNING was handled, but someone should know; INFO marks a change of state and a
summary every half minute; DEBUG is for developers. The Azure SDKs are quieted: what they complain of arrives at our
own callbacks.
"""

import logging
import sys
from typing import Final, TextIO, override

import ecs_logging

_STANDARD_FIELDS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# The message again, and what is the same in every line of one process.
_LEFT_OUT: Final = ("log.original", "log.origin", "process")
_QUIET: Final = {"azure": logging.CRITICAL, "elastic_transport": logging.ERROR, "aiohttp": logging.ERROR}


class _Readable(logging.Formatter):
    """``10:15:02 INFO  message  field=value``."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {record.getMessage()}"
        shown = "  ".join(f"{name}={_one_line(value)}" for name, value in fields.items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{line}  {shown}{trace}".rstrip()


def _one_line(value: object) -> str:
    """Show control characters escaped: a value from outside must not look like a line of its own."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def configure_logs(*, level: str, stream: TextIO = sys.stderr) -> None:
    """Send the log to ``stream``: readable on a terminal, ECS JSON elsewhere."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Readable() if stream.isatty() else ecs_logging.StdlibFormatter(exclude_fields=_LEFT_OUT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
