"""How the Azure Monitor emulator reads questions, and what it makes of the rarer ones."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.azure_monitor import Reply, Sky, open_sky
from plugins.tls_server import Certificates

from collector.emulators.azure_monitor import DEFAULT_SUBSCRIPTION, Account
from collector.emulators.azure_monitor.definitions import Definitions
from collector.emulators.azure_monitor.errors import RequestRefusedError
from collector.emulators.azure_monitor.filters import parse_filter
from collector.emulators.azure_monitor.queries import parse_query, parse_span

SCOPE = f"/subscriptions/{DEFAULT_SUBSCRIPTION}"
EAST = f"{SCOPE}/resourceGroups/rg-llm/providers/Microsoft.CognitiveServices/accounts/aoai-east"
HOUR = "2026-11-21T09:00:00Z/2026-11-21T10:00:00Z"
NOW = datetime(2026, 11, 21, 10, 30, 20, tzinfo=UTC)
DEFINITIONS = Definitions()
UNHURRIED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text("ABCdef", min_size=1, max_size=5)
# As of a dimension: any text, quotes and brackets and joints included; the star alone means something else.
VALUES = st.text("ab '()*", max_size=8) | st.sampled_from(["' and x eq '", "a or b", "''"])


async def ask(sky: Sky, **question: str) -> Reply:
    given = {"timespan": HOUR, "metricnames": "AzureOpenAIRequests", "aggregation": "Total"} | question
    given["$filter"] = given.pop("filter", "")
    sky.grant(SCOPE)
    reply = await sky.get(f"{EAST}/providers/Microsoft.Insights/metrics", **given)
    assert reply.status == 200, reply.body
    return reply


def series_of(reply: Reply) -> list[dict[str, object]]:
    return reply.body["value"][0]["timeseries"]


def totals_of(reply: Reply) -> dict[str, float]:
    """Return the total of each series by the value of its first dimension."""
    return {
        each["metadatavalues"][0]["value"]: sum(point.get("total", 0) for point in each["data"])  # type: ignore[index, attr-defined]
        for each in series_of(reply)
    }


def quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@UNHURRIED
@given(st.dictionaries(NAMES.map(str.lower), st.lists(VALUES, min_size=1, max_size=3), max_size=3))
def test_a_filter_accepts_the_values_that_it_names_and_no_others(clauses: dict[str, list[str]]) -> None:
    parts = [" or ".join(f"{name} eq {quote(value)}" for value in values) for name, values in clauses.items()]
    wanted = parse_filter(" and ".join(parts))

    assert wanted.accepts({name: values[-1] for name, values in clauses.items()})
    for name, values in clauses.items():
        others = {each: values[0] for each, values in clauses.items() if each != name}
        assert wanted.accepts(others | {name: "somebody else"}) is ("*" in values)


@UNHURRIED
@given(st.text("ab eq'()*and or", max_size=25))
def test_a_filter_is_read_or_refused(text: str) -> None:
    with suppress(RequestRefusedError):
        assert bool(parse_filter(text).clauses) is bool(text.strip())


@UNHURRIED
@given(
    st.dictionaries(
        st.sampled_from(["interval", "aggregation", "top", "orderby", "rollupby", "resulttype", "metricnames"]),
        st.text("PT1MHDS0129.,- ascd", max_size=12) | st.sampled_from(["PT1M", "total", "P99999999999D", "FULL"]),
    ),
    st.text("0129-:TZ+/.P HMD", max_size=42) | st.sampled_from(["0001-01-01T00:00:00+01:00/9999-12-31T23:59:59Z"]),
)
def test_a_question_is_read_or_refused(parameters: dict[str, str], span: str) -> None:
    with suppress(RequestRefusedError):
        times = parse_span(span, NOW)
        named = {"metricnames": "AzureOpenAIRequests"} | parameters
        query = parse_query(named, times, "", "Microsoft.CognitiveServices/accounts", DEFINITIONS)
        assert len(query.slots(NOW - timedelta(days=93), NOW)) <= 93 * 24 * 60 + 1


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("Model ne 'gpt-4o'", {"mini", "GPT-5"}),
        ("Model sw 'GPT'", {"gpt-4o", "GPT-5"}),
        ("(model eq 'MINI' or Model eq 'gpt-5')", {"mini", "GPT-5"}),
        ("MODEL eq '*'", {"mini", "gpt-4o", "GPT-5"}),
        ("", {"mini", "gpt-4o", "GPT-5"}),
    ],
)
def test_names_and_values_are_compared_without_regard_to_case(text: str, accepted: set[str]) -> None:
    wanted = parse_filter(text)
    assert {model for model in ("mini", "gpt-4o", "GPT-5") if wanted.accepts({"model": model})} == accepted


async def test_series_come_in_the_order_that_was_asked_for(sky: Sky) -> None:
    question = {"filter": "ModelDeploymentName eq '*'"}
    down = totals_of(await ask(sky, **question, orderby="total desc"))
    up = totals_of(await ask(sky, **question, orderby="sum asc"))
    assert [*down.values()] == sorted(down.values(), reverse=True)
    assert [*up.items()] == [*reversed(down.items())]


async def test_top_keeps_the_first_of_that_order(sky: Sky) -> None:
    question = {"filter": "ModelDeploymentName eq '*'", "orderby": "total desc"}
    everything = [*totals_of(await ask(sky, **question))]
    assert [*totals_of(await ask(sky, **question, top="2"))] == everything[:2]


async def test_what_is_rolled_up_is_filtered_and_not_split(sky: Sky) -> None:
    wanted = "ModelDeploymentName eq 'chat' or ModelDeploymentName eq 'embed'"
    split = totals_of(await ask(sky, filter=wanted))
    (whole,) = series_of(await ask(sky, filter=wanted, rollupby="modeldeploymentname"))
    assert whole["metadatavalues"] == []
    assert sum(point.get("total", 0) for point in whole["data"]) == sum(split.values())  # type: ignore[attr-defined]


async def test_full_is_one_point_over_all_the_time(sky: Sky) -> None:
    (minutes,) = series_of(await ask(sky))
    (whole,) = series_of(await ask(sky, interval="FULL"))
    expected = sum(point["total"] for point in minutes["data"])  # type: ignore[attr-defined]
    assert whole["data"] == [{"timeStamp": "2026-11-21T09:00:00Z", "total": expected}]


async def test_a_question_for_metadata_has_series_and_no_points(sky: Sky) -> None:
    series = series_of(await ask(sky, filter="ModelDeploymentName eq '*'", resultType="metadata"))
    assert [each.keys() for each in series] == [{"metadatavalues"}] * 3


async def test_a_start_within_a_minute_is_that_minute(sky: Sky) -> None:
    reply = await ask(sky, timespan="2026-11-21T09:00:59.9999999Z/2026-11-21T09:02:00Z")
    assert reply.body["timespan"] == "2026-11-21T09:00:00Z/2026-11-21T09:02:00Z"
    (series,) = series_of(reply)
    assert [point["timeStamp"] for point in series["data"]] == [  # type: ignore[attr-defined]
        "2026-11-21T09:00:00Z",
        "2026-11-21T09:01:00Z",
    ]


async def test_a_question_about_all_time_is_answered_for_what_is_kept(certificates: Certificates) -> None:
    async with open_sky(certificates, observations=lambda _resource, _minute: []) as sky:
        (series,) = series_of(await ask(sky, timespan="0001-01-01T00:00:00Z/9999-12-31T23:59:59Z", interval="P1D"))
    days = [point["timeStamp"][:10] for point in series["data"]]  # type: ignore[attr-defined]
    assert (len(days), days[0], days[-1]) == (94, "2026-08-20", "2026-11-21")


async def test_an_answer_has_the_time_of_the_emulators_clock(sky: Sky) -> None:
    assert (await ask(sky)).headers["Date"] == "Sat, 21 Nov 2026 10:30:20 GMT"


async def test_a_value_is_written_alike_by_both_apis(sky: Sky) -> None:
    single = await ask(sky)
    question = {"metricnamespace": "Microsoft.CognitiveServices/accounts", "metricnames": "AzureOpenAIRequests"}
    span = {"starttime": HOUR.partition("/")[0], "endtime": HOUR.partition("/")[2]}
    path = f"/eastus/subscriptions/{DEFAULT_SUBSCRIPTION}/metrics:getBatch"
    batch = await sky.post(path, {"resourceids": [EAST]}, **question, **span)

    found = [
        [point["total"] for point in body["value"][0]["timeseries"][0]["data"]]
        for body in (single.body, batch.body["values"][0])
    ]
    assert any(found[0])
    assert json.dumps(found[0]) == json.dumps(found[1])


async def test_a_metric_that_never_was_has_no_series(sky: Sky) -> None:
    sky.azure.estate.add(Account("aoai-east"))
    assert series_of(await ask(sky, metricnames="AzureOpenAIProvisionedManagedUtilizationV2")) == []
