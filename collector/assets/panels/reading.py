"""Reads compiled dashboards: the saved objects under ``integration/kibana/``, which Kibana gets too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from collector.assets.files import sources_root
from collector.assets.panels.filters import translate_filters, translate_query
from collector.assets.panels.layers import read_drawing
from collector.assets.panels.model import Control, Dashboard, Documents, Grid, Panel, Query, UnknownPanelFeatureError
from collector.assets.panels.strictness import refuse_unknown

type SavedObject = Mapping[str, Any]

_FIRST: Final = "aoai-overview"
_WHOLE: Final = Grid(0, 0, 48, 24)
_SYNC: Final = frozenset({"syncColors", "syncCursor", "syncTooltips", "enhancements", "hidePanelTitles"})
_ATTRIBUTES: Final = frozenset({"title", "type", "visualizationType", "references", "state", "description"})


def load_dashboards(folder: Path | None = None) -> tuple[Dashboard, ...]:
    """Read all dashboards of a package's ``kibana`` folder, our own unless another is named; Overview comes first.

    Raises:
        UnknownPanelFeatureError: a dashboard uses what this reader does not know.
    """
    root = folder or sources_root() / "integration" / "kibana"
    searches = {search["id"]: search for search in _load(root / "search")}
    dashboards = sorted(_load(root / "dashboard"), key=lambda each: each["id"] != _FIRST)
    return tuple(read_dashboard(dashboard, searches) for dashboard in dashboards)


def read_dashboard(saved_object: SavedObject, searches: Mapping[str, SavedObject] | None = None) -> Dashboard:
    """Read a dashboard; ``searches`` are the saved searches that its panels may show, by id.

    Raises:
        UnknownPanelFeatureError: it uses what this reader does not know; the message names the panel.
    """
    attributes: SavedObject = saved_object["attributes"]
    found = _Saved(searches or {}, {one["name"]: one["id"] for one in saved_object["references"]})
    panels = tuple(_read_panel(panel, found) for panel in _json(attributes["panelsJSON"]))
    return Dashboard(
        id=saved_object["id"],
        title=attributes["title"],
        description=attributes["description"],
        panels=tuple(sorted(panels, key=lambda panel: (panel.grid.y, panel.grid.x))),
        controls=_read_controls(attributes.get("controlGroupInput", {}), found.references),
        filters=_read_source(attributes),
    )


@dataclass(frozen=True, slots=True)
class _Saved:
    """What the panels of a dashboard refer to: saved searches by id, and ids by the names of references."""

    searches: Mapping[str, SavedObject]
    references: Mapping[str, str]


def read_search(saved_object: SavedObject) -> Panel:
    """Read a saved search as a panel that fills a dashboard.

    Raises:
        UnknownPanelFeatureError: it uses what this reader does not know.
    """
    attributes: SavedObject = saved_object["attributes"]
    ((field, direction),) = attributes["sort"]
    (index,) = [reference["id"] for reference in saved_object["references"]]
    return Panel(
        id=saved_object["id"],
        title=attributes["title"],
        description=attributes["description"],
        kind="documents",
        grid=_WHOLE,
        documents=Documents(index, tuple(attributes["columns"]), field, direction == "desc"),
        filters=_read_source(attributes),
    )


def _read_panel(stored: SavedObject, found: _Saved) -> Panel:
    try:
        return _READERS.get(stored["type"], _refuse)(stored, found)
    except UnknownPanelFeatureError as error:
        raise UnknownPanelFeatureError(f"panel {stored['panelIndex']}: {error}") from error
    except KeyError as error:
        raise UnknownPanelFeatureError(f"panel {stored['panelIndex']}: there is no {error}") from error


def _read_lens(stored: SavedObject, _found: object) -> Panel:
    config: SavedObject = stored["embeddableConfig"]
    attributes: SavedObject = config["attributes"]
    refuse_unknown(config, _SYNC | {"attributes", "description", "title", "query", "filters"}, "a chart")
    refuse_unknown(attributes, _ATTRIBUTES, "a chart")
    state: SavedObject = attributes["state"]
    drawing = read_drawing(attributes)
    own = translate_filters(config.get("filters", [])) + translate_query(config["query"])
    return Panel(
        id=stored["panelIndex"],
        title=config.get("title") or attributes["title"],
        description=config.get("description", ""),
        kind=drawing.kind,
        grid=_grid(stored),
        layers=drawing.layers,
        filters=own + translate_filters(state["filters"]) + translate_query(state["query"]),
        reference_lines=drawing.reference_lines,
        stacking=drawing.stacking,
        colors=drawing.colors,
    )


def _read_search(stored: SavedObject, found: _Saved) -> Panel:
    config: SavedObject = stored["embeddableConfig"]
    refuse_unknown(config, _SYNC | {"savedObjectId", "description", "title"}, "a saved search")
    search = found.searches.get(config["savedObjectId"])
    if search is None:
        raise UnknownPanelFeatureError(f"the saved search {config['savedObjectId']}, which is not there")
    panel = read_search(search)
    return replace(
        panel,
        id=stored["panelIndex"],
        title=config.get("title") or panel.title,
        description=config.get("description") or panel.description,
        grid=_grid(stored),
    )


def _read_markdown(stored: SavedObject, _found: object) -> Panel:
    visualization: SavedObject = stored["embeddableConfig"]["savedVis"]
    if visualization["type"] != "markdown":
        raise UnknownPanelFeatureError(f"the visualisation {visualization['type']}")
    return Panel(
        id=stored["panelIndex"],
        title=visualization["title"],
        description=stored["embeddableConfig"].get("description", ""),
        kind="text",
        grid=_grid(stored),
        text=visualization["params"]["markdown"],
    )


def _read_links(stored: SavedObject, found: _Saved) -> Panel:
    config: SavedObject = stored["embeddableConfig"]
    links = sorted(config["attributes"]["links"], key=lambda link: link["order"])
    return Panel(
        id=stored["panelIndex"],
        title=config.get("title", ""),
        description=config.get("description", ""),
        kind="text",
        grid=_grid(stored),
        text="\n".join(f"- {_write_link(link, stored['panelIndex'], found)}" for link in links),
    )


def _write_link(link: SavedObject, panel: str, found: _Saved) -> str:
    if link["type"] == "dashboardLink":
        return f"[{link['label']}](#{found.references[f'{panel}:{link["destinationRefName"]}']})"
    return f"[{link['label']}]({link['destination']})"


def _refuse(stored: SavedObject, _found: object) -> Panel:
    raise UnknownPanelFeatureError(f"a panel of the type {stored['type']}")


_READERS: Final = {
    "lens": _read_lens,
    "links": _read_links,
    "search": _read_search,
    "visualization": _read_markdown,
}


def _read_source(attributes: SavedObject) -> tuple[Query, ...]:
    source: SavedObject = _json(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return translate_filters(source["filter"]) + translate_query(source["query"])


def _read_controls(group: SavedObject, references: Mapping[str, str]) -> tuple[Control, ...]:
    stored: SavedObject = _json(group.get("panelsJSON", {}))
    controls = sorted(stored.items(), key=lambda item: item[1]["order"])
    return tuple(_read_control(name, control, references) for name, control in controls)


def _read_control(name: str, control: SavedObject, references: Mapping[str, str]) -> Control:
    chosen: SavedObject = control["explicitInput"]
    if control["type"] != "optionsListControl" or chosen.get("selectedOptions"):
        raise UnknownPanelFeatureError(f"control {name}: a {control['type']}, or one with a choice already made")
    return Control(name, chosen["title"], chosen["fieldName"], references[f"controlGroup_{name}:optionsListDataView"])


def _grid(stored: SavedObject) -> Grid:
    place: Mapping[str, int] = stored["gridData"]
    return Grid(place["x"], place["y"], place["w"], place["h"])


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _load(folder: Path) -> list[SavedObject]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
