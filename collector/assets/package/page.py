"""The package's page in Kibana, ``docs/README.md``, from its template and the data streams.

The template holds calls, as in packages of Elastic: ``{{fields "logs"}}`` becomes the table of a data stream's fields,
``{{event "logs"}}`` its sample event; ``{{kibana}}`` the lists of what Kibana gets.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Final

import yaml

from collector.assets.errors import AssetError
from collector.assets.field_files import FILE as FIELD_FILE
from collector.assets.files import Body, package_root
from collector.assets.package.dashboard_files import KIBANA
from collector.assets.package.streams import DATA_STREAMS

TEMPLATE: Final = PurePosixPath("_dev") / "build" / "docs" / "README.md"
PAGE: Final = PurePosixPath("docs") / "README.md"
SAMPLE: Final = "sample_event.json"

_CALL: Final = re.compile(r'\{\{(fields|event|kibana)(?: "(\w+)")?\}\}')
_KINDS: Final[Mapping[str, str]] = {
    "dashboard": "Dashboards; they read the data of this integration and of Elastic's own `azure_openai`:",
    "search": "Searches in Discover:",
    "alerting_rule_template": "Rule templates, from which you make rules (Kibana 9.2 or later):",
    "slo_template": "SLO templates, from which you make service level objectives (newer still, platinum licence):",
    "ml_module": "Modules of anomaly detection jobs (platinum licence):",
}
_TABLE_HEAD: Final = "| Field | Description | Type | Unit | Metric Type |\n|---|---|---|---|---|"


def render_page(built: Mapping[PurePosixPath, bytes]) -> bytes:
    """The page; field files and Kibana's assets are taken from what was built.

    Raises:
        AssetError: the template, or a sample event that it asks for, is missing, or it names what is not there.
    """
    calls: Mapping[str, Callable[[str], str]] = {
        "fields": lambda folder: _render_fields(built, folder),
        "event": _render_event,
        "kibana": lambda _: _render_kibana(built),
    }
    return _CALL.sub(lambda call: calls[call[1]](call[2]), _read(TEMPLATE)).encode()


def _render_fields(built: Mapping[PurePosixPath, bytes], folder: str) -> str:
    file = built.get(DATA_STREAMS / folder / FIELD_FILE)
    if file is None:
        raise AssetError(f"{TEMPLATE}: there is no data stream {folder}")
    rows = [_row(entry) for entry in yaml.safe_load(file)]
    return "\n".join(["**Exported fields**\n", _TABLE_HEAD, *rows])


def _row(entry: Body) -> str:
    cells = (entry["name"], entry["description"], entry["type"], entry.get("unit", ""), entry.get("metric_type", ""))
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _render_event(folder: str) -> str:
    event = json.loads(_read(DATA_STREAMS / folder / SAMPLE))
    return f"A sample event:\n\n```json\n{json.dumps(event, indent=2, ensure_ascii=False)}\n```"


def _render_kibana(built: Mapping[PurePosixPath, bytes]) -> str:
    lists = ((sentence, _items(built, kind)) for kind, sentence in _KINDS.items())
    return "\n\n".join(f"{sentence}\n\n{items}" for sentence, items in lists if items)


def _items(built: Mapping[PurePosixPath, bytes], kind: str) -> str:
    files = (content for path, content in sorted(built.items()) if path.parent == KIBANA / kind)
    return "\n".join(_item(json.loads(content)["attributes"]) for content in files)


def _item(attributes: Body) -> str:
    """One line: rules have a name, everything else a title."""
    name, description = attributes.get("title") or attributes["name"], attributes.get("description")
    return f"- **{name}**: {' '.join(str(description).split())}" if description else f"- {name}"


def _read(path: PurePosixPath) -> str:
    try:
        return (package_root() / path).read_text(encoding="utf-8")
    except OSError as error:
        raise AssetError(f"integration/{path} cannot be read: {error.strerror}") from error
