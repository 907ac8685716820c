"""How an emulator that runs as a program is told to end."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def watch_for_end() -> Generator[asyncio.Event]:
    """Yield an event that SIGTERM sets, so that what an emulator keeps on disk goes with it. Ctrl-C cancels instead."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    try:
        yield ended
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
