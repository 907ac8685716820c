"""What `aoai-collector preview` does with its options."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from collector.assets.panels.model import Dashboard, TimeRange, UnknownPanelFeatureError
from collector.preview.filled import FilledDashboard
from collector.preview.gathering import UnknownDashboardError, choose_dashboards, fill
from collector.preview.page import write_page
from collector.preview.period import PeriodError, read_period
from collector.preview.picture import draw_picture
from collector.preview.theme import THEMES


class PreviewError(Exception):
    """Nothing could be drawn, or not written; the message says why, for the person at the command line."""


def write_preview(
    settings: Mapping[str, Any], ids: Sequence[str], period: tuple[str, str], page: Path, pictures: Path | None
) -> Iterator[Path]:
    """Write the page, and each dashboard as pictures if there is a folder for them; yield each file when it is there.

    Args:
        settings: arguments of the asynchronous client, as an output's are; its own kind of node is left out.
        ids: the dashboards to draw, all without any.
        period: start and end, as `read_period` takes them.
        page: the file of the page.
        pictures: the folder for PNG files, one in light and one in dark for each dashboard.

    Raises:
        PreviewError: whatever stands in the way.
    """
    try:
        time_range = read_period(*period, datetime.now(UTC))
        dashboards = choose_dashboards(ids)
        filled = _ask({name: value for name, value in settings.items() if name != "node_class"}, dashboards, time_range)
        yield _write(page, write_page(filled).encode())
        if pictures is not None:
            for each, theme in product(filled, THEMES):
                yield _write(pictures / f"{each.dashboard.id}-{theme.name}.png", draw_picture(each, theme))
    except (PeriodError, UnknownDashboardError, UnknownPanelFeatureError) as error:
        raise PreviewError(str(error)) from error
    except (ApiError, TransportError) as error:
        raise PreviewError(f"Elasticsearch does not answer as it should: {error}") from error
    except OSError as error:
        raise PreviewError(f"{error.filename} cannot be written: {error.strerror}") from error


def _ask(settings: Mapping[str, Any], dashboards: Sequence[Dashboard], time_range: TimeRange) -> list[FilledDashboard]:
    with Elasticsearch(**settings) as client:
        return [fill(client, dashboard, time_range) for dashboard in dashboards]


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
