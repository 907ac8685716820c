"""Draws the package's dashboards from what the engine holds: the last thing that a run does."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rich.console import Console

from collector.demo.errors import DemoError
from collector.demo.steps import Steps
from collector.demo.window import Window

_NEEDED: Final = ("altair", "vl_convert")


async def draw_dashboards(url: str, window: Window, page: Path, console: Console) -> None:
    """Write the page of dashboards for a window of time and name the file; without the extra `preview` say so.

    Raises:
        DemoError: they cannot be drawn.
    """
    window = window.from_whole_minute()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        line = f"No dashboards: {' and '.join(missing)} are not installed (azure-openai-collector[preview])."
    else:
        with Steps(console).step("Drawing the dashboards"):
            await asyncio.to_thread(_draw, url, window, page)
        line = f"Dashboards: {page}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _draw(url: str, window: Window, page: Path) -> None:
    from collector.preview.command import PreviewError, write_preview  # noqa: PLC0415 - only where the extra is

    try:
        list(write_preview({"hosts": url}, (), (window.since.isoformat(), window.until.isoformat()), page, None))
    except PreviewError as error:
        raise DemoError(f"The dashboards cannot be drawn: {error}") from error
