"""Reads the layers of a Lens panel: which columns are shown, in what role, and how they are drawn.

Keys of a visualisation that only change its looks are listed and left alone; any other unknown key is an error.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from collector.assets.panels.columns import read_bucket, read_figure, read_format, read_scale
from collector.assets.panels.model import (
    Aggregation,
    Bucket,
    Calculation,
    Column,
    Format,
    Kind,
    Layer,
    Mark,
    ReferenceLine,
    Stacking,
    Terms,
    UnknownPanelFeatureError,
)
from collector.assets.panels.strictness import refuse_unknown

type State = Mapping[str, Any]

_REFERENCE: Final = "indexpattern-datasource-layer-"
_REFERENCE_LINE: Final = "referenceLine"
_COMMON: Final = frozenset({"layerType", "colorMapping", "palette", "shape"})
_LEGEND: Final = frozenset(
    {"legend", "legendDisplay", "legendPosition", "legendSize", "nestedLegend", "truncateLegend"}
)
_FIGURES: Final = frozenset(
    {"applyColorTo", "primaryAlign", "primaryPosition", "secondaryLabelPosition", "secondaryTrend"}
)
_AXES: Final = frozenset({"axisTitlesVisibilitySettings", "showGridlines", "yLeftExtent", "yRightExtent", "position"})
_MARKS: Final = frozenset({"valueLabels", "preferredSeriesType", "fittingFunction", "fillOpacity", "curveType"})
_RINGS: Final = frozenset({"categoryDisplay", "numberDisplay", "percentDecimals", "emptySizeRatio"})
_ROWS: Final = frozenset({"paging", "rowHeight", "headerRowHeight", "density"})
_LOOKS: Final = _COMMON | _LEGEND | _FIGURES | _AXES | _MARKS | _RINGS | _ROWS
_KINDS: Final[Mapping[str, Kind]] = {
    "lnsMetric": "metric",
    "lnsXY": "xy",
    "lnsPie": "pie",
    "lnsDatatable": "table",
}
_SERIES: Final[Mapping[str, tuple[Mark, Stacking]]] = {
    "line": ("line", "none"),
    "bar": ("bar", "none"),
    "bar_stacked": ("bar", "stacked"),
    "bar_percentage_stacked": ("bar", "percentage"),
    "area": ("area", "none"),
    "area_stacked": ("area", "stacked"),
    "area_percentage_stacked": ("area", "percentage"),
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a visualisation shows: its layers, and how they are stacked and coloured."""

    kind: Kind
    layers: tuple[Layer, ...]
    reference_lines: tuple[ReferenceLine, ...]
    stacking: Stacking
    colors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Shown:
    """The columns of one layer that a visualisation shows, and what it says of them."""

    layer: str
    names: tuple[str, ...]
    mark: Mark | None = None
    styles: Mapping[str, State] | None = None
    sort: tuple[str, bool] | None = None


def read_drawing(attributes: State) -> Drawing:
    """Read the attributes of a Lens panel.

    Raises:
        UnknownPanelFeatureError: it uses what this reader does not know.
    """
    kind = _KINDS.get(attributes["visualizationType"])
    if kind is None:
        raise UnknownPanelFeatureError(f"the visualisation {attributes['visualizationType']}")
    state: State = attributes["state"]
    sources: State = state["datasourceStates"]
    if state["adHocDataViews"] or any(source["layers"] for name, source in sources.items() if name != "formBased"):
        raise UnknownPanelFeatureError("a data view of its own, or ES|QL")
    indices = {one["name"].removeprefix(_REFERENCE): one["id"] for one in attributes["references"]}
    stored: State = sources["formBased"]["layers"]
    visualization: State = state["visualization"]
    shown = list(_SHOWN[kind](visualization))
    drawn: list[State] = visualization.get("layers", [])
    references = [layer for layer in drawn if layer["layerType"] == _REFERENCE_LINE]
    if {one.layer for one in shown} | {layer["layerId"] for layer in references} != set(stored):
        raise UnknownPanelFeatureError("a layer that is stored and not shown")
    layers = tuple(_read_layer(one, indices[one.layer], stored[one.layer]) for one in shown)
    if kind != "table" and any(column.format.unit == "date" for layer in layers for column in layer.columns):
        raise UnknownPanelFeatureError("a date as a figure outside a table")
    return Drawing(
        kind=kind,
        layers=layers,
        reference_lines=tuple(line for layer in references for line in _lines(layer, stored[layer["layerId"]])),
        stacking=_stacking(drawn, kind),
        colors=_colors(drawn),
    )


def _read_layer(shown: _Shown, index: str, stored: State) -> Layer:
    refuse_unknown(stored, {"columns", "columnOrder", "sampling"}, "a layer")
    if stored["sampling"] != 1:
        raise UnknownPanelFeatureError("a sample of the documents")
    columns: Mapping[str, State] = stored["columns"]
    order: list[str] = stored["columnOrder"]
    buckets = tuple(read_bucket(name, columns[name]) for name in order if columns[name]["isBucketed"])
    figures = [read_figure(name, columns[name]) for name in order if not columns[name]["isBucketed"]]
    aggregations = tuple(figure for figure in figures if isinstance(figure, Aggregation))
    _refuse_orders(buckets, aggregations, shown)
    return Layer(
        id=shown.layer,
        index=index,
        buckets=buckets,
        aggregations=aggregations,
        calculations=_in_order([figure for figure in figures if isinstance(figure, Calculation)], columns),
        columns=tuple(_column(name, columns[name], shown) for name in shown.names),
        scales={name: scale for name in order if (scale := read_scale(columns[name])) is not None},
        sort=shown.sort,
    )


def _refuse_orders(buckets: Sequence[Bucket], aggregations: Iterable[Aggregation], shown: _Shown) -> None:
    sortable = {None, *(one.id for one in aggregations if one.newest_by is None)}
    terms = [bucket for bucket in buckets if isinstance(bucket, Terms)]
    if any(one.order_by not in sortable for one in terms):
        raise UnknownPanelFeatureError("top values by a formula or a last value")
    if any(one.other for one in terms if one is not buckets[0]):
        raise UnknownPanelFeatureError("the others of an inner breakdown")
    if shown.sort is not None and shown.sort[0] in {bucket.id for bucket in buckets}:
        raise UnknownPanelFeatureError("a table sorted by its labels")


def _in_order(calculations: list[Calculation], columns: Mapping[str, State]) -> tuple[Calculation, ...]:
    """Sort calculations so that each comes after those it refers to."""
    waiting = {calculation.id: calculation for calculation in calculations}
    done: list[Calculation] = []
    while waiting:
        ready = [name for name in waiting if not waiting.keys() & set(columns[name]["references"])]
        if not ready:
            raise UnknownPanelFeatureError("formulas that refer to each other")
        done += [waiting.pop(name) for name in ready]
    return tuple(done)


def _column(name: str, column: State, shown: _Shown) -> Column:
    if column["isBucketed"]:
        role = "time" if column["operationType"] == "date_histogram" else "breakdown"
        return Column(name, column["label"], role, Format("text"))
    style = (shown.styles or {}).get(name, {})
    refuse_unknown(style, {"forAccessor", "color", "axisMode"}, "a series")
    return Column(name, column["label"], "metric", read_format(column), shown.mark, style.get("color"), _axis(style))


def _metric(state: State) -> Iterator[_Shown]:
    refuse_unknown(
        state, _LOOKS | {"layerId", "metricAccessor", "secondaryMetricAccessor", "breakdownByAccessor"}, "a figure"
    )
    keys = ("breakdownByAccessor", "metricAccessor", "secondaryMetricAccessor")
    yield _Shown(state["layerId"], tuple(state[key] for key in keys if state.get(key)))


def _xy(state: State) -> Iterator[_Shown]:
    refuse_unknown(state, _LOOKS | {"layers"}, "a chart")
    for layer in state["layers"]:
        if layer["layerType"] == _REFERENCE_LINE:
            continue
        refuse_unknown(
            layer, _LOOKS | {"layerId", "accessors", "seriesType", "xAccessor", "splitAccessor", "yConfig"}, "a layer"
        )
        if layer["layerType"] != "data" or layer["seriesType"] not in _SERIES:
            raise UnknownPanelFeatureError(f"a layer of {layer['layerType']} as {layer.get('seriesType')}")
        keys = [layer[key] for key in ("xAccessor", "splitAccessor") if layer.get(key)]
        styles = {one["forAccessor"]: one for one in layer.get("yConfig", [])}
        mark = _SERIES[layer["seriesType"]][0]
        yield _Shown(layer["layerId"], (*keys, *layer["accessors"]), mark, styles)


def _lines(layer: State, stored: State) -> Iterator[ReferenceLine]:
    refuse_unknown(layer, {"layerId", "layerType", "accessors", "yConfig"}, "reference lines")
    styles = {one["forAccessor"]: one for one in layer.get("yConfig", [])}
    for name in layer["accessors"]:
        column, style = stored["columns"][name], styles.get(name, {})
        refuse_unknown(style, {"forAccessor", "color", "axisMode", "lineStyle", "lineWidth"}, "a reference line")
        if column["operationType"] != "static_value":
            raise UnknownPanelFeatureError(f"a reference line at a {column['operationType']}")
        yield ReferenceLine(column["label"], float(column["params"]["value"]), style.get("color"), _axis(style))


def _axis(style: State) -> Literal["left", "right"]:
    return "right" if style.get("axisMode") == "right" else "left"


def _pie(state: State) -> Iterator[_Shown]:
    refuse_unknown(state, _LOOKS | {"layers"}, "a pie")
    if state["shape"] not in {"pie", "donut"}:
        raise UnknownPanelFeatureError(f"shares as a {state['shape']}")
    for layer in state["layers"]:
        refuse_unknown(layer, _LOOKS | {"layerId", "primaryGroups", "metrics"}, "a pie")
        yield _Shown(layer["layerId"], (*layer["primaryGroups"], *layer["metrics"]))


def _table(state: State) -> Iterator[_Shown]:
    refuse_unknown(state, _LOOKS | {"layerId", "columns", "sorting"}, "a table")
    for column in state["columns"]:
        refuse_unknown(column, {"columnId", "isMetric", "width", "alignment"}, "a column of a table")
    sorting: State = state.get("sorting") or {}
    sort = (sorting["columnId"], sorting["direction"] == "desc") if sorting else None
    yield _Shown(state["layerId"], tuple(column["columnId"] for column in state["columns"]), sort=sort)


_SHOWN: Final = {"metric": _metric, "xy": _xy, "pie": _pie, "table": _table}


def _stacking(layers: Iterable[State], kind: Kind) -> Stacking:
    """Return how bars and areas are stacked; lines beside them never are."""
    if kind != "xy":
        return "none"
    series = [_SERIES[layer["seriesType"]] for layer in layers if layer["layerType"] == "data"]
    stackings: list[Stacking] = [stacking for mark, stacking in series if mark != "line"]
    if len(set(stackings)) > 1:
        raise UnknownPanelFeatureError("layers that are stacked in several ways")
    return stackings[0] if stackings else "none"


def _colors(layers: Iterable[State]) -> Mapping[str, str]:
    assignments = [one for layer in layers for one in layer.get("colorMapping", {}).get("assignments", [])]
    return {value: one["color"]["colorCode"] for one in assignments for value in one["rule"]["values"]}
