"""Writes docs/monitoring.md from its text and the table of metrics: ``python -m collector.telemetry.reference``.

Promises: the page holds every number with its field and sentence, and nothing that the table does not hold; a test
fails when it is stale.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from collector.telemetry.metrics import SCOPES, WORKER, Metric, Scope

PAGE: Final = Path(__file__).parents[2] / "docs" / "monitoring.md"
_TEXT: Final = Path(__file__).with_name("monitoring.md")


def render_page() -> str:
    """Return the page as Markdown."""
    text = _TEXT.read_text(encoding="utf-8")
    return "\n".join([text, *(_render_scope(scope) for scope in SCOPES), _render_scope(WORKER, sent=False)])


def _render_scope(scope: Scope[Any], *, sent: bool = True) -> str:
    labels = ", ".join(f"`{label}`" for label in scope.labels) or "none"
    head = [f"### {scope.name}", "", f"Labels: {labels}.", "", "| name | type | field | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *_render_rows(scope.metrics, sent=sent), ""])


def _render_rows(metrics: Iterable[Metric[Any]], *, sent: bool) -> Iterable[str]:
    for metric in metrics:
        field = f"`{metric.field}`" if sent else "-"
        yield f"| `{metric.name}` | {metric.kind} | {field} | {metric.help} |"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
