"""Writes docs/monitoring.md from its text and the table of metrics: ``python -m collector.telemetry.reference``.

Promises: the page holds every number with its field and sentence, and nothing that the table does not hold; a test
fails when it is stale.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from collector.telemetry.metrics import SCOPES, Metric, Scope

PAGE: Final = Path(__file__).parents[2] / "docs" / "monitoring.md"
_TEXT: Final = Path(__file__).with_name("monitoring.md")


def render_page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_TEXT.read_text(encoding="utf-8"), *(_render_scope(scope) for scope in SCOPES)])


def _render_scope(scope: Scope[Any]) -> str:
    labels = ", ".join(f"`{label}`" for label in scope.labels) or "none"
    head = [f"### {scope.name}", "", f"Labels: {labels}.", "", "| name | type | field | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *_render_rows(scope.metrics), ""])


def _render_rows(metrics: Iterable[Metric[Any]]) -> Iterable[str]:
    for metric in metrics:
        yield f"| `{metric.name}` | {metric.kind} | `{metric.field}` | {metric.help} |"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
