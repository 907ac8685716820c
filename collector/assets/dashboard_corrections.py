"""What kb-dashboard 0.4.1 leaves out of a compiled dashboard, or gets wrong, put right.

- The description of a panel is not compiled.
- A chart's breakdown comes after its time: Kibana would then choose the top values of each bucket of time instead of
  those of the whole chart, which is what its own editor does.
- The second ring of a pie is stored as the second axis of a mosaic, and not as Kibana's own pies have it.
- In a formula the percentile of ``percentile()`` is not compiled, and ``shift`` and ``reducedTimeRange`` are where
  Kibana does not look for them.
- It has no words for some things that a Lens column can have (a time scale, a filter, top values by the alphabet): the
  source says them under ``columns``, by the column's id.

Refused is what it would leave out without a word: the filter of a figure, and the order of top values by a formula.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from collector.assets.errors import AssetError

type _Json = dict[str, Any]

_TIME: Final = "date_histogram"


def correct_dashboard(compiled: _Json, source: Mapping[str, Any], additions: Mapping[str, Mapping[str, Any]]) -> _Json:
    """Correct a compiled dashboard in place and return it; ``additions`` are merged into the columns they name.

    Raises:
        AssetError: an addition names no column, a panel has no id or no description, or the compiler left out what it
            was asked for.
    """
    _refuse_filtered_figures(compiled["id"], source)
    if any(not panel.get(key) for panel in source["panels"] for key in ("id", "description")):
        raise AssetError(f"{compiled['id']}: each panel needs an id, and as its description the question it answers")
    descriptions = {panel["id"]: panel["description"] for panel in source["panels"]}
    unused = set(additions)
    for panel in compiled["attributes"]["panelsJSON"]:
        panel["embeddableConfig"]["description"] = descriptions[panel["panelIndex"]]
        _correct_rings(panel)
        for layer in _layers(panel):
            _correct_layer(layer)
            for name in additions.keys() & layer["columns"].keys():
                layer["columns"][name] |= additions[name]
                unused.discard(name)
            _refuse_order_by_formula(panel["panelIndex"], layer)
    if unused:
        raise AssetError(f"{compiled['id']}: no column has the id {', '.join(sorted(unused))}")
    return compiled


def _refuse_filtered_figures(dashboard: str, source: object) -> None:
    if isinstance(source, Mapping):
        part = cast("Mapping[str, object]", source)
        if {"aggregation", "filter"} <= part.keys():
            raise AssetError(f"{dashboard}: the filter of {part.get('id')} is not compiled: say it under columns")
        for inner in part.values():
            _refuse_filtered_figures(dashboard, inner)
    elif isinstance(source, list):
        for inner in cast("list[object]", source):
            _refuse_filtered_figures(dashboard, inner)


def _refuse_order_by_formula(panel: str, layer: _Json) -> None:
    for column in layer["columns"].values():
        if column["operationType"] == "terms" and column["params"]["orderBy"].get("fallback"):
            raise AssetError(
                f"panel {panel}: top values cannot be by a formula: sort by a figure, put one first, or say params"
            )


def _layers(panel: Mapping[str, Any]) -> Iterator[_Json]:
    if panel["type"] == "lens":
        yield from panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"].values()


def _correct_rings(panel: Mapping[str, Any]) -> None:
    if panel["type"] == "lens" and panel["embeddableConfig"]["attributes"]["visualizationType"] == "lnsPie":
        for layer in panel["embeddableConfig"]["attributes"]["state"]["visualization"]["layers"]:
            layer["primaryGroups"] += layer.pop("secondaryGroups", [])


def _correct_layer(layer: _Json) -> None:
    columns: dict[str, _Json] = layer["columns"]
    order: list[str] = layer["columnOrder"]
    order.sort(key=lambda name: _rank(columns[name]))
    for name, column in columns.items():
        if column["operationType"] == "formula":
            _correct_formula(name, column["params"]["formula"], columns)


def _rank(column: Mapping[str, Any]) -> int:
    """Breakdowns, then time, then metrics; each in the order in which they were written."""
    if not column["isBucketed"]:
        return 2
    return 1 if column["operationType"] == _TIME else 0


def _correct_formula(name: str, formula: str, columns: Mapping[str, _Json]) -> None:
    from kb_dashboard_core.panels.charts.lens.metrics.formula_parser import (  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
        parse_formula,
    )

    for position, aggregation in enumerate(parse_formula(formula).aggregations):
        column = columns[f"{name}X{position}"]
        params: _Json = column["params"]
        if aggregation.percentile is not None:
            params["percentile"] = aggregation.percentile
        for stored, key in (("shift", "timeShift"), ("reducedTimeRange", "reducedTimeRange")):
            value = params.pop(stored, None)
            if value is not None:
                column[key] = value
