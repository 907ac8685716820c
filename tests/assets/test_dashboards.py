"""What all dashboards keep to, and what is refused while they are compiled or read."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.assets.catalogue import fields_of
from collector.assets.dashboards import compile_file, encode_nested
from collector.assets.errors import AssetError
from collector.assets.files import package_root
from collector.assets.health_fields import health_entries
from collector.assets.panels.kql_parsing import And, Comparison, Is, Node, Not, Or, parse_kql
from collector.assets.panels.model import Dashboard, Panel, UnknownPanelFeatureError
from collector.assets.panels.reading import load_dashboards, read_dashboard

type Json = dict[str, Any]

KIBANA = package_root() / "kibana"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((KIBANA / "dashboard").glob("*.json"))}
SEARCHES = {path.stem: json.loads(path.read_text()) for path in sorted((KIBANA / "search").glob("*.json"))}
LOGS = ("aoai.logs", "aoai.gateway")
METRICS = ("metrics-aoai.metrics",)
DATA_VIEWS = {"logs-*": LOGS, "metrics-*": METRICS}
EVERYBODYS = {"logs-*": ("aoai.logs",), "metrics-*": METRICS}
# Who opens these dashboards has what they are about.
OWN = {
    "aoai-ml-endpoints": {"logs-*": ("aoai.endpoints",), "metrics-*": ("metrics-aoai.endpoints",)},
    "aoai-collector-health": {"logs-*": ("aoai.deadletter",), "metrics-*": ("metrics-aoai.collector",)},
}
# Dead letters name no collector.
NARROWED = {"aoai-collector-health": ("metrics-*",)}
# Of Elastic's own package, which names its documents so.
ELASTICS = {"azure.open_ai.properties.backend_response_body.error.code"}

dashboards = pytest.mark.parametrize("name", sorted(DASHBOARDS))
searches = pytest.mark.parametrize("name", sorted(SEARCHES))


def lens_layers(compiled: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    """Each layer of each chart with the index pattern that it reads."""
    for panel in compiled["attributes"]["panelsJSON"]:
        if panel["type"] == "lens":
            attributes = panel["embeddableConfig"]["attributes"]
            indices = {one["name"].rpartition("layer-")[2]: one["id"] for one in attributes["references"]}
            for name, layer in attributes["state"]["datasourceStates"]["formBased"]["layers"].items():
                yield indices[name], layer


def kql_of(value: Any) -> Iterator[str]:
    """Every KQL in a saved object, wherever it is."""
    if isinstance(value, dict):
        if value.get("language") == "kuery":
            yield value["query"]
        for inner in value.values():
            yield from kql_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from kql_of(inner)


def fields_in(node: Node | None) -> Iterator[str]:
    match node:
        case Or(parts) | And(parts):
            for part in parts:
                yield from fields_in(part)
        case Not(part):
            yield from fields_in(part)
        case Is(field) | Comparison(field):
            yield field
        case None:
            pass


def catalogue(*datasets: str) -> set[str]:
    known = {field.name for dataset in datasets for field in fields_of(dataset)}
    told = health_entries() if "metrics-aoai.collector" in datasets else []
    return known | {str(entry["name"]) for entry in told}


def data_sets(name: str) -> Mapping[str, tuple[str, ...]]:
    """The data sets that the data views of a dashboard always have."""
    return OWN.get(name, EVERYBODYS)


def loaded(name: str) -> Dashboard:
    return next(dashboard for dashboard in load_dashboards() if dashboard.id == name)


class TestCare:
    """Rules for dashboards, so that they do not slip."""

    @dashboards
    def test_every_panel_says_which_question_it_answers(self, name: str) -> None:
        for panel in loaded(name).panels:
            assert panel.title, panel.id
            assert "?" in panel.description, panel.id

    @dashboards
    def test_few_panels_stand_side_by_side_and_leave_no_gap(self, name: str) -> None:
        panels = loaded(name).panels
        covered = [(x, y) for panel in panels for x in columns(panel) for y in rows(panel)]

        assert len(panels) <= 18
        assert len(covered) == len(set(covered)), "two panels share a place"
        assert len(covered) == 48 * (1 + max(y for _, y in covered)), "the grid is 48 columns wide"

    @pytest.mark.parametrize("name", sorted(DASHBOARDS.keys() - OWN.keys()))
    def test_documents_of_elastics_package_are_in_the_filter_beside_ours(self, name: str) -> None:
        (chosen,) = loaded(name).filters
        datasets = {one["match_phrase"]["data_stream.dataset"] for one in chosen["bool"]["should"]}

        assert {"aoai.logs", "azure_openai.logs", "aoai.metrics", "azure.open_ai"} <= datasets

    @dashboards
    def test_a_chart_asks_only_for_fields_that_its_data_view_always_has(self, name: str) -> None:
        # Lens refuses a panel with a field that no index of its data view maps, and not everybody has a gateway.
        always = {index: catalogue(*datasets) for index, datasets in data_sets(name).items()}
        for index, layer in lens_layers(DASHBOARDS[name]):
            sources = {column["sourceField"] for column in layer["columns"].values() if "sourceField" in column}
            assert sources - {"___records___"} <= always[index]

    @dashboards
    def test_controls_are_about_fields_that_logs_and_metrics_share(self, name: str) -> None:
        controls = {control.field for control in loaded(name).controls}

        narrowed = NARROWED.get(name, tuple(DATA_VIEWS))
        assert all(controls <= catalogue(*data_sets(name)[index]) for index in narrowed)

    @dashboards
    def test_kql_asks_for_fields_of_the_catalogue(self, name: str) -> None:
        asked = {field for text in kql_of(DASHBOARDS[name]) for field in fields_in(parse_kql(text))}

        own = [dataset for datasets in OWN.get(name, {}).values() for dataset in datasets]
        assert asked <= catalogue(*(own or (*LOGS, *METRICS)))

    @searches
    def test_searches_ask_for_and_show_fields_of_the_catalogue(self, name: str) -> None:
        attributes = SEARCHES[name]["attributes"]
        asked = {field for text in kql_of(attributes) for field in fields_in(parse_kql(text))}

        assert asked | set(attributes["columns"]) <= catalogue(*LOGS, "aoai.endpoints") | ELASTICS

    @dashboards
    def test_a_kibana_of_8_16_can_read_it(self, name: str) -> None:
        """Its model versions are dashboard 2 and search 5; sections of a dashboard came with 9.1."""
        compiled = DASHBOARDS[name]

        assert (compiled["coreMigrationVersion"], compiled["typeMigrationVersion"]) == ("8.8.0", "10.2.0")
        kinds = {panel["type"] for panel in compiled["attributes"]["panelsJSON"]}
        assert kinds <= {"lens", "links", "search", "visualization"}
        assert not compiled["attributes"].get("sections")

    @dashboards
    def test_what_it_refers_to_is_in_the_package_or_made_by_fleet(self, name: str) -> None:
        for reference in DASHBOARDS[name]["references"]:
            known = {"index-pattern": set(DATA_VIEWS), "search": set(SEARCHES), "dashboard": set(DASHBOARDS)}[
                reference["type"]
            ]
            assert reference["id"] in known

    @dashboards
    def test_links_lead_to_all_other_dashboards(self, name: str) -> None:
        targets = [one["id"] for one in DASHBOARDS[name]["references"] if one["type"] == "dashboard"]

        assert sorted(targets) == sorted(DASHBOARDS.keys() - {name})

    @dashboards
    def test_the_archive_has_nested_json_as_text(self, name: str) -> None:
        attributes = encode_nested(DASHBOARDS[name])["attributes"]

        assert json.loads(attributes["panelsJSON"]) == DASHBOARDS[name]["attributes"]["panelsJSON"]
        assert isinstance(attributes["optionsJSON"], str)
        assert isinstance(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"], str)
        assert isinstance(attributes["controlGroupInput"]["panelsJSON"], str)


def columns(panel: Panel) -> range:
    return range(panel.grid.x, panel.grid.x + panel.grid.w)


def rows(panel: Panel) -> range:
    return range(panel.grid.y, panel.grid.y + panel.grid.h)


SOURCE = """
columns: {figure: {timeScale: m}}
dashboards:
  - name: A
    id: a
    panels:
      - id: panel
        title: Panel
        description: What?
        lens:
          type: metric
          data_view: logs-*
          primary: {id: figure, aggregation: count}
"""


class TestCompiling:
    """What a source must have."""

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("        description: What?\n", "", "a: each panel needs an id, and as its description the question"),
            ("columns: {figure:", "columns: {figur:", "a: no column has the id figur"),
            ("aggregation: count", "aggregation: guess", "source.yml: "),
            (
                "aggregation: count",
                "aggregation: count, filter: {kql: 'a : 1'}",
                "a: the filter of figure is not compiled",
            ),
            (
                "primary: {id: figure, aggregation: count}",
                "primary: {id: figure, formula: count()}\n          breakdown: {type: values, field: a}",
                "panel panel: top values cannot be by a formula",
            ),
            ("dashboards:", "dashboards: [", "source.yml cannot be read: while parsing"),
        ],
    )
    def test_a_faulty_source_is_named(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        path = tmp_path / "source.yml"
        assert old in SOURCE
        path.write_text(SOURCE.replace(old, new))

        with pytest.raises(AssetError) as raised:
            compile_file(path)

        assert str(raised.value).startswith(message)

    def test_the_same_source_gives_the_same_objects(self, tmp_path: Path) -> None:
        path = tmp_path / "source.yml"
        path.write_text(SOURCE)

        assert compile_file(path) == compile_file(path)


def panel_of(compiled: Json, name: str) -> Json:
    return next(panel for panel in compiled["attributes"]["panelsJSON"] if panel["panelIndex"] == name)


def state_of(compiled: Json, name: str = "cost-by-model") -> Json:
    return panel_of(compiled, name)["embeddableConfig"]["attributes"]["state"]


def layer_of(compiled: Json) -> Json:
    (layer,) = state_of(compiled)["datasourceStates"]["formBased"]["layers"].values()
    return layer


def column_of(compiled: Json, operation: str) -> Json:
    return next(column for column in layer_of(compiled)["columns"].values() if column["operationType"] == operation)


def drawn(compiled: Json) -> Json:
    (layer,) = state_of(compiled)["visualization"]["layers"]
    return layer


REFUSED: dict[str, Callable[[Json], object]] = {
    "a figure": lambda it: column_of(it, "sum").update(operationType="standard_deviation"),
    "a shorter time": lambda it: column_of(it, "sum").update(reducedTimeRange="1h"),
    "a unit": lambda it: column_of(it, "sum").update(timeScale="w"),
    "the sum of dates": lambda it: column_of(it, "sum").update(dataType="date", params={}),
    "a date in a chart": lambda it: column_of(it, "sum").update(operationType="min", dataType="date", params={}),
    "a date with a format": lambda it: column_of(it, "sum").update(operationType="min", dataType="date"),
    "a format": lambda it: column_of(it, "sum")["params"].update(format={"id": "bits"}),
    "a part of a format": lambda it: column_of(it, "sum")["params"]["format"]["params"].update(pattern="0,0"),
    "lucene": lambda it: column_of(it, "sum").update(filter={"language": "lucene", "query": "a:b"}),
    "rare values": lambda it: column_of(it, "terms")["params"].update(orderBy={"type": "rare"}),
    "values by a formula": lambda it: column_of(it, "terms")["params"]["orderBy"].update(columnId="x"),
    "chosen values": lambda it: column_of(it, "terms")["params"].update(include=["gpt-4o"]),
    "several fields": lambda it: column_of(it, "terms")["params"].update(parentFormat={"id": "multi_terms"}),
    "accuracy": lambda it: column_of(it, "terms")["params"].update(accuracyMode=True),
    "other buckets": lambda it: column_of(it, "terms").update(operationType="range"),
    "partial buckets": lambda it: column_of(it, "date_histogram")["params"].update(dropPartials=True),
    "a sample": lambda it: layer_of(it).update(sampling=0.1),
    "global filters": lambda it: layer_of(it).update(ignoreGlobalFilters=True),
    "a mark": lambda it: drawn(it).update(seriesType="bar_horizontal"),
    "collapsing": lambda it: drawn(it).update(collapseFn="sum"),
    "an annotation": lambda it: drawn(it).update(layerType="annotations"),
    "a data view of its own": lambda it: state_of(it).update(adHocDataViews={"x": {}}),
    "ES|QL": lambda it: state_of(it)["datasourceStates"]["textBased"].update(layers={"x": {}}),
    "a filter": lambda it: state_of(it).update(filters=[{"meta": {"type": "spatial_filter"}, "query": {"a": 1}}]),
    "words without a field": lambda it: state_of(it)["query"].update(query="gpt-4o"),
    "a table sorted by its labels": lambda it: state_of(it, "callers")["visualization"].update(
        sorting={"columnId": "callers-id", "direction": "asc"}
    ),
    "a transposed table": lambda it: state_of(it, "callers")["visualization"]["columns"][0].update(isTransposed=True),
    "a treemap": lambda it: state_of(it, "share")["visualization"].update(shape="treemap"),
    "a visualisation": lambda it: panel_of(it, "share")["embeddableConfig"]["attributes"].update(
        visualizationType="lnsHeatmap"
    ),
    "a time range of its own": lambda it: panel_of(it, "share")["embeddableConfig"].update(
        timeRange={"from": "now-1h"}
    ),
    "a kind of panel": lambda it: panel_of(it, "share").update(type="map"),
    "a search that is not there": lambda it: panel_of(it, "recent-errors")["embeddableConfig"].update(
        savedObjectId="x"
    ),
}


class TestReading:
    """What the panel runner does not know is an error that names the panel, and never left out."""

    @pytest.mark.parametrize("feature", sorted(REFUSED))
    def test_an_unknown_feature_is_refused_and_its_panel_named(self, feature: str) -> None:
        compiled = copy.deepcopy(DASHBOARDS["aoai-overview"])
        REFUSED[feature](compiled)

        with pytest.raises(UnknownPanelFeatureError, match=r"^panel (cost-by-model|callers|share|recent-errors): "):
            read_dashboard(compiled, SEARCHES)

    def test_a_control_of_another_kind_is_refused(self) -> None:
        compiled = copy.deepcopy(DASHBOARDS["aoai-overview"])
        group = compiled["attributes"]["controlGroupInput"]
        group["panelsJSON"] = group["panelsJSON"].replace("optionsListControl", "rangeSliderControl")

        with pytest.raises(UnknownPanelFeatureError, match="rangeSliderControl"):
            read_dashboard(compiled, SEARCHES)

    def test_panels_come_in_the_order_in_which_they_are_read(self) -> None:
        places = [(panel.grid.y, panel.grid.x) for panel in loaded("aoai-overview").panels]

        assert places == sorted(places)
