"""The panel runner against queries written by hand, and against the documents themselves.

The panels are those of ``panels_of_tests.yml``; the documents are made here, so every figure is known from them.
"""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from collector.assets.dashboards import compile_file
from collector.assets.panels.filters import select
from collector.assets.panels.model import (
    Control,
    Dashboard,
    Documents,
    Format,
    PanelTable,
    ReferenceLine,
    TimeRange,
    UnknownPanelFeatureError,
)
from collector.assets.panels.reading import read_dashboard
from collector.assets.panels.running import run_panel

type Doc = dict[str, Any]
type Run = Callable[..., PanelTable]

PANELS = Path(__file__).with_name("panels_of_tests.yml")
START = datetime(2026, 3, 10, 0, 0, tzinfo=UTC)
# Neither end is the start of a bucket of 30 minutes.
DAY = TimeRange(START + timedelta(minutes=10), START + timedelta(hours=24, minutes=5))
HALF_AN_HOUR = timedelta(minutes=30)
KEYWORD = {"type": "keyword"}
MAPPINGS = {
    "properties": {
        "@timestamp": {"type": "date"},
        "kind": KEYWORD,
        "team": KEYWORD,
        "region": KEYWORD,
        "text": KEYWORD,
        "ghost": {"type": "boolean"},
        "status": {"type": "long"},
        "took": {"type": "double"},
        "spare": {"type": "double"},
    }
}


def make_documents() -> list[Doc]:
    """2,400 documents of three days, some of which no panel may count."""
    dice = random.Random(20260310)
    teams = ["red", "blue", "green", "pink", "grey", None]
    documents: list[Doc] = []
    for _ in range(2400):
        status = dice.choices([200, 404, 429, 500], [80, 5, 10, 5])[0]
        made: Doc = {
            "@timestamp": (START + timedelta(seconds=dice.randrange(-86_400, 2 * 86_400))).isoformat(),
            "kind": dice.choices(["call", "audit", "noise"], [8, 1, 1])[0],
            "team": dice.choices(teams, [30, 20, 15, 12, 8, 10])[0],
            "region": dice.choice(["sweden", "france", "japan"]),
            "text": str(status),
            "status": status,
            "took": float(dice.randrange(10, 1000)),
            "ghost": dice.random() < 0.05,
            "spare": 0.0,
        }
        documents.append({key: value for key, value in made.items() if value is not None})
    at_the_ends = {"kind": "call", "region": "japan", "text": "200", "status": 200, "took": 5.0, "ghost": False}
    return [
        *documents,
        {**at_the_ends, "@timestamp": DAY.start.isoformat(), "team": "red"},
        {**at_the_ends, "@timestamp": DAY.end.isoformat(), "team": "red"},
        {**at_the_ends, "@timestamp": DAY.end.isoformat(), "team": "nobody"},
    ]


DOCUMENTS = make_documents()


def time_of(doc: Doc) -> datetime:
    return datetime.fromisoformat(doc["@timestamp"])


def counted(time_range: TimeRange = DAY, **fields: object) -> list[Doc]:
    """The documents that a panel may count: by the dashboard's filters and query, the time, and these fields."""
    return [
        doc
        for doc in DOCUMENTS
        if doc["kind"] in {"call", "audit"}
        and doc.get("team") != "nobody"
        and not doc["ghost"]
        and time_range.start <= time_of(doc) <= time_range.end
        and all(doc.get(name) == value for name, value in fields.items())
    ]


def starts() -> list[datetime]:
    """The buckets of 30 minutes that the day is in: 00:00, 00:30 and so on until 00:00."""
    return [START + place * HALF_AN_HOUR for place in range(49)]


def bucket_of(doc: Doc) -> datetime:
    return START + (time_of(doc) - START) // HALF_AN_HOUR * HALF_AN_HOUR


@pytest.fixture(scope="module")
def index(elasticsearch_client: Elasticsearch) -> Iterator[str]:
    name = f"panel-runner-{uuid.uuid4().hex}"
    elasticsearch_client.indices.create(index=name, mappings=MAPPINGS)
    bulk(elasticsearch_client, ({"_index": name, "_source": doc} for doc in DOCUMENTS), refresh=True)
    yield name
    elasticsearch_client.indices.delete(index=name)


@pytest.fixture(scope="module")
def dashboard(index: str, tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    source = tmp_path_factory.mktemp("dashboards") / "panels.yml"
    source.write_text(PANELS.read_text(encoding="utf-8").replace("INDEX", index), encoding="utf-8")
    (compiled,) = compile_file(source)
    return read_dashboard(compiled)


@pytest.fixture
def run(elasticsearch_client: Elasticsearch, dashboard: Dashboard) -> Run:
    """Run a panel of the test's dashboard by its id."""

    def run_one(name: str, time_range: TimeRange = DAY, **options: Any) -> PanelTable:
        (panel,) = [panel for panel in dashboard.panels if panel.id == name]
        return run_panel(elasticsearch_client, dashboard, panel, time_range, **options)

    return run_one


@pytest.fixture
def ask(elasticsearch_client: Elasticsearch, index: str) -> Callable[[Doc, Doc], Doc]:
    """Run aggregations written by hand over the calls of the day."""

    def ask_one(query: Doc, aggs: Doc) -> Doc:
        day = {"range": {"@timestamp": {"gte": DAY.start.isoformat(), "lte": DAY.end.isoformat()}}}
        excluded = [{"term": {"ghost": True}}, {"term": {"team": "nobody"}}, {"term": {"kind": "noise"}}]
        whole = {"bool": {"filter": [day, query], "must_not": excluded}}
        return elasticsearch_client.search(index=index, size=0, query=whole, aggs=aggs).body["aggregations"]

    return ask_one


def as_dicts(table: PanelTable) -> list[dict[str, Any]]:
    return [dict(zip([column.label for column in table.columns], row, strict=True)) for row in table.rows]


class TestFigures:
    """Panels of one row."""

    def test_a_count_and_the_one_of_the_time_before(self, run: Run) -> None:
        before = TimeRange(DAY.start - (DAY.end - DAY.start), DAY.start)

        (row,) = as_dicts(run("count"))

        assert row == {"Now": len(counted(kind="call")), "Before": len(counted(before, kind="call"))}

    def test_a_ratio_of_counts_that_kql_chooses(self, run: Run) -> None:
        calls = counted(kind="call")
        failed = [doc for doc in calls if doc["status"] >= 400]

        (row,) = as_dicts(run("ratio"))

        assert row == {"Failed": pytest.approx(len(failed) / len(calls))}

    def test_a_share_of_nothing_is_no_value(self, run: Run) -> None:
        assert as_dicts(run("undefined")) == [{"Ratio": None, "Sum": None}]

    def test_zero_is_a_value_except_of_a_sum(self, run: Run) -> None:
        assert as_dicts(run("zeros")) == [{"Largest": 0, "Sum": None}]

    def test_an_index_that_is_not_there_shows_nothing(
        self, elasticsearch_client: Elasticsearch, dashboard: Dashboard
    ) -> None:
        (panel,) = [panel for panel in dashboard.panels if panel.id == "undefined"]
        (layer,) = panel.layers
        elsewhere = replace(panel, layers=(replace(layer, index="not-there-*"),))

        table = run_panel(elasticsearch_client, dashboard, elsewhere, DAY)

        assert as_dicts(table) == [{"Ratio": None, "Sum": None}]


class TestOverTime:
    """Panels with time on an axis."""

    def test_the_top_teams_the_others_and_those_without(self, run: Run) -> None:
        calls = counted(kind="call")
        counts = Counter(doc.get("team", "(missing value)") for doc in calls)
        top = [team for team, _ in counts.most_common(3)]
        assert len(set(counts.values())) == len(counts), "two teams as big would make the order a matter of luck"
        expected = Counter((doc.get("team") if doc.get("team") in top else "Other", bucket_of(doc)) for doc in calls)

        rows = as_dicts(run("rate-by-team"))

        assert list(dict.fromkeys(row["Team"] for row in rows)) == [*top, "Other"]
        assert len(rows) == 4 * len(starts())
        for row in rows:
            # The first bucket begins 10 minutes before the time range, the last one ends 25 minutes behind it.
            minutes = {starts()[0]: 20, starts()[-1]: 5}.get(row["Time"], 30)
            count = expected[row["Team"], row["Time"]]
            assert row["Calls"] == (None if count == 0 else pytest.approx(count / minutes)), row

    def test_those_without_a_team_have_a_row_of_their_own_when_they_are_many(self, run: Run) -> None:
        missing = {"bool": {"must_not": {"terms": {"team": ["red", "blue"]}}}}

        rows = as_dicts(run("rate-by-team", filters=[missing]))

        assert "(missing value)" in {row["Team"] for row in rows}
        assert "Other" in {row["Team"] for row in rows}

    def test_classes_by_queries_beside_a_line(self, run: Run) -> None:
        fine = Counter(bucket_of(doc) for doc in counted() if doc["status"] < 400)
        took = {at: [doc["took"] for doc in counted() if bucket_of(doc) == at] for at in starts()}

        table = run("classes")
        rows = as_dicts(table)

        assert {row["Class"] for row in rows[: 3 * 49]} == {
            "Fine",
            "Throttled",
            'not status : (200 or 429) and text : "500"',
        }
        assert {row["Time"]: row["Calls"] for row in rows if row["Class"] == "Fine"} == {
            at: fine[at] or None for at in starts()
        }
        line = {row["Time"]: row["Took"] for row in rows if row["Class"] is None}
        assert line == {at: pytest.approx(sum(took[at]) / len(took[at])) for at in starts()}
        assert table.interval_seconds == 1800

    def test_the_day_before_stands_at_the_same_time(self, run: Run) -> None:
        day_before = TimeRange(DAY.start - timedelta(days=1), DAY.end - timedelta(days=1))
        now = Counter((doc["status"] < 400, bucket_of(doc)) for doc in counted(kind="call"))
        then: Counter[tuple[bool, datetime]] = Counter()
        for doc in counted(day_before, kind="call", region="sweden"):
            then[doc["status"] < 400, bucket_of(doc) + timedelta(days=1)] += doc["took"]

        rows = as_dicts(run("yesterday"))

        assert [row["Filters"] for row in rows] == sorted((row["Filters"] for row in rows), reverse=True)
        found = {(row["Filters"] == "Fine", row["Time"]): row for row in rows}
        assert list(found) == sorted(found, key=lambda key: (not key[0], key[1]))
        assert {key for key, row in found.items() if row["Today"]} == set(now)
        assert all(found[key]["Today"] == count for key, count in now.items())
        assert all(found[key]["Yesterday"] == pytest.approx(took) for key, took in then.items())

    def test_a_shift_that_is_no_multiple_of_the_buckets_is_refused(self, run: Run) -> None:
        fortnight = TimeRange(START - timedelta(days=90), START + timedelta(days=360))

        with pytest.raises(UnknownPanelFeatureError, match="no multiple of the buckets of 7 days"):
            run("yesterday", fortnight)

    def test_a_formula_is_normalised_to_a_unit_of_time(self, run: Run) -> None:
        took = {at: sum(doc["took"] for doc in counted(kind="call") if bucket_of(doc) == at) for at in starts()}

        rows = as_dicts(run("took-by-hour"))

        # Buckets are half an hour; the ends are not whole ones.
        hours = {starts()[0]: 20 / 60, starts()[-1]: 5 / 60}
        assert {row["Time"]: row["Took"] for row in rows} == {
            at: pytest.approx(took[at] / 1000 / hours.get(at, 0.5)) for at in starts()
        }

    def test_a_bucket_of_time_is_as_wide_as_kibana_makes_it(self, run: Run) -> None:
        week = TimeRange(START - timedelta(days=3), START + timedelta(days=4))

        table = run("classes", week)

        assert table.interval_seconds == timedelta(hours=3).total_seconds()


class TestRowsOfFigures:
    """Tables and rings."""

    def test_the_top_by_a_sum_sorted_by_a_count(self, run: Run, ask: Callable[[Doc, Doc], Doc]) -> None:
        by_hand = ask(
            {"term": {"kind": "call"}},
            {
                "t": {
                    "terms": {"field": "team", "size": 4, "order": {"s": "desc"}},
                    "aggs": {
                        "s": {"sum": {"field": "took"}},
                        "p": {"percentiles": {"field": "took", "percents": [50, 95]}},
                        "r": {"cardinality": {"field": "region"}},
                    },
                }
            },
        )

        rows = as_dicts(run("teams"))

        assert rows == [
            {
                "Team": bucket["key"],
                "Calls": bucket["doc_count"],
                "Took": pytest.approx(bucket["s"]["value"]),
                "p95": pytest.approx(bucket["p"]["values"]["95.0"] / 1000),
                "Median": pytest.approx(bucket["p"]["values"]["50.0"]),
                "Regions": bucket["r"]["value"],
                "Last": max(counted(kind="call", team=bucket["key"]), key=time_of)["took"],
            }
            for bucket in sorted(by_hand["t"]["buckets"], key=lambda bucket: bucket["doc_count"])
        ]

    def test_the_top_by_a_count_that_a_filter_narrows(self, run: Run) -> None:
        slow = Counter(doc["team"] for doc in counted(kind="call") if doc["took"] > 500 and "team" in doc)

        assert [(row["Team"], row["Slow"]) for row in as_dicts(run("slow"))] == slow.most_common(2)

    def test_rings_within_rings(self, run: Run) -> None:
        calls = [doc for doc in counted(kind="call") if "team" in doc]
        teams = [team for team, _ in Counter(doc["team"] for doc in calls).most_common(3)]
        inner = {team: Counter(doc["region"] for doc in calls if doc["team"] == team).most_common(2) for team in teams}

        rows = as_dicts(run("rings"))

        assert [(row["Team"], row["Region"], row["Calls"]) for row in rows] == [
            (team, region, count) for team in teams for region, count in inner[team]
        ]

    def test_a_choice_in_a_control_narrows_the_panel(self, run: Run) -> None:
        chosen = select(Control("team", "Team", "team", "any"), ["red", "blue"])

        (row,) = as_dicts(run("count", filters=[chosen]))

        assert row["Now"] == len(counted(kind="call", team="red")) + len(counted(kind="call", team="blue"))


class TestDocuments:
    """Panels that show documents."""

    def test_the_newest_come_first(self, elasticsearch_client: Elasticsearch, dashboard: Dashboard, index: str) -> None:
        (any_panel,) = [panel for panel in dashboard.panels if panel.id == "count"]
        shown = Documents(index, ("team", "status"), "@timestamp", descending=True)
        panel = replace(any_panel, kind="documents", layers=(), documents=shown)

        rows = run_panel(elasticsearch_client, dashboard, panel, DAY).rows

        newest = sorted(counted(kind="call"), key=time_of, reverse=True)[:500]
        assert [row[0] for row in rows] == [time_of(doc) for doc in newest]
        assert set(rows) <= {(time_of(doc), doc.get("team"), str(doc["status"])) for doc in counted(kind="call")}


class TestWhatIsDrawn:
    """How columns and panels say how they look."""

    def test_a_chart_of_two_layers_says_marks_axes_and_colours(self, run: Run, dashboard: Dashboard) -> None:
        columns = {column.label: column for column in run("classes").columns}
        (panel,) = [panel for panel in dashboard.panels if panel.id == "classes"]

        assert [columns[label].role for label in ("Time", "Class", "Calls", "Took")] == [
            "time",
            "breakdown",
            "metric",
            "metric",
        ]
        assert (columns["Calls"].mark, columns["Calls"].axis) == ("bar", "left")
        assert (columns["Took"].mark, columns["Took"].axis, columns["Took"].color) == ("line", "right", "#69707D")
        assert (panel.stacking, dict(panel.colors)) == ("percentage", {"Fine": "#54B399"})

    def test_lines_across_a_chart_are_kept(self, dashboard: Dashboard) -> None:
        (panel,) = [panel for panel in dashboard.panels if panel.id == "yesterday"]

        assert panel.reference_lines == (ReferenceLine("Limit", 12.5, "#CC5642", "right"),)

    def test_links_are_markdown(self, dashboard: Dashboard) -> None:
        (panel,) = [panel for panel in dashboard.panels if panel.id == "links"]

        assert panel.text == "- [Cost](#aoai-cost)\n- [Manual](https://example.com/)"

    def test_the_unit_of_a_rate_is_behind_its_own(self, run: Run) -> None:
        (_, took) = run("took-by-hour").columns

        assert took.format == Format("number", 2, " s/h")

    def test_words_are_kept_as_they_are(self, dashboard: Dashboard) -> None:
        (panel,) = [panel for panel in dashboard.panels if panel.id == "words"]

        assert (panel.kind, panel.text) == ("text", "**Nothing** but words.")

    def test_a_description_is_the_question_of_the_panel(self, dashboard: Dashboard) -> None:
        assert {panel.id: panel.description for panel in dashboard.panels}["slow"] == "Who has most slow calls?"
