"""Each panel of `[Azure OpenAI] Content filtering` shows what the ledger of a day predicts.

Azure Monitor counts what the filter found in every call that reached a deployment; the logs of API Management hold the
bodies of those that came through it. Times are those of the answer.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    MISSING,
    Row,
    Run,
    Times,
    assert_near_percentile,
    bucket,
    figure,
    group,
    load_dashboard,
    rows_of,
    runner,
    split_over_time,
)

from collector.assets.panels.model import Dashboard, TimeRange, Value
from collector.scenario import Call, Ledger
from collector.scenario.findings import DETECTED, INDIRECT, JAILBREAK, Finding
from collector.scenario.prices import Usage

pytestmark = pytest.mark.engine

NAMES = {
    "custom_blocklists": "CustomBlocklists",
    "hate": "Hate",
    "indirect_attack": "IndirectAttack",
    "jailbreak": "Jailbreak",
    "self_harm": "SelfHarm",
    "sexual": "Sexual",
    "violence": "Violence",
}


@pytest.fixture(scope="module")
def filtering() -> Dashboard:
    return load_dashboard("aoai-content-filtering")


@pytest.fixture(scope="module")
def run(filtering: Dashboard, elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger) -> Run:
    """Run a panel by its title, over the whole day unless told otherwise."""
    return runner(elasticsearch_client, filtering, [scenario_namespace], TimeRange(ledger.start, ledger.end))


@pytest.fixture(scope="module")
def metered(ledger: Ledger) -> list[Call]:
    """The calls that Azure Monitor counts."""
    return [call for minute in ledger.metered for call in minute.calls]


def was_stopped(call: Call) -> bool:
    return bool(call.blocked)


def was_cut(call: Call) -> bool:
    return bool(call.cut)


def is_blocked(call: Call) -> bool:
    return was_stopped(call) or was_cut(call)


def count(calls: Iterable[Call], which: Callable[[Call], bool]) -> int:
    return sum(which(call) for call in calls)


def by_time(calls: Iterable[Call], name: Callable[[Call], str]) -> Times:
    return dict(Counter((bucket(call.answered), name(call)) for call in calls))


def found(calls: Iterable[Call]) -> list[tuple[Call, Finding]]:
    return [(call, call.finding) for call in calls if call.finding]


def rows_by(run: Run, title: str, *labels: str) -> dict[tuple[str, ...], Row]:
    """The rows of a table by their labels; a sum of nothing is shown as a dash."""
    rows = rows_of(run(title, "table"))
    keyed = {
        tuple(str(row[label]) for label in labels): {key: row[key] or 0 for key in row if key not in labels}
        for row in rows
    }
    assert len(keyed) == len(rows)
    return keyed


def test_blocked(run: Run, ledger: Ledger, metered: Sequence[Call]) -> None:
    noon = ledger.start + timedelta(hours=12)
    (row,) = rows_of(run("Blocked", "metric", start=noon))
    before = [call for call in metered if call.answered < noon]
    after = [call for call in metered if call.answered >= noon]
    assert row == {"Blocked": count(after, is_blocked), "before": count(before, is_blocked)}
    assert all(row.values())


def test_blocked_share(run: Run, metered: Sequence[Call]) -> None:
    looked_at = count(metered, lambda call: call.is_chat and (call.status == 200 or was_stopped(call)))
    assert figure(run("Blocked share", "metric")) == pytest.approx(count(metered, is_blocked) / looked_at)


def test_jailbreaks_stopped(run: Run, metered: Sequence[Call]) -> None:
    (row,) = rows_of(run("Jailbreaks stopped", "metric"))
    stopped = Counter(call.blocked for call in metered)
    assert row == {"Jailbreaks": stopped[JAILBREAK], "indirect": stopped[INDIRECT]}
    assert all(row.values())


def test_seen_by_api_management(run: Run, ledger: Ledger) -> None:
    (row,) = rows_of(run("Seen by API Management", "metric"))
    assert row == {
        "Stopped prompts": count(ledger.at_gateway, was_stopped),
        "answers cut": count(ledger.at_gateway, was_cut),
    }
    assert all(row.values())


def test_stopped_prompts_by_category(run: Run, metered: Sequence[Call]) -> None:
    shown = split_over_time(run("Stopped prompts by category", "xy"), "Stopped", "Category")
    assert shown == by_time(filter(was_stopped, metered), lambda call: NAMES[call.blocked or ""])
    assert {name for _, name in shown} == set(NAMES.values())


def test_cut_answers_by_category(run: Run, metered: Sequence[Call]) -> None:
    shown = split_over_time(run("Cut answers by category", "xy"), "Cut", "Category")
    assert shown == by_time(filter(was_cut, metered), lambda call: NAMES[call.cut or ""])


def test_found_by_severity(run: Run, metered: Sequence[Call]) -> None:
    shown = split_over_time(run("Found, by severity", "xy"), "Found", "Severity")
    harm = [(call, finding.severity) for call, finding in found(metered) if finding.severity]
    assert shown == dict(Counter((bucket(call.answered), severity.capitalize()) for call, severity in harm))
    assert {name for _, name in shown} == {"Low", "Medium", "High"}


def test_found_and_blocked_by_category(run: Run, metered: Sequence[Call]) -> None:
    rows = rows_by(run, "Found and blocked, by category", "In", "Category")
    blocked, harmful = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for _, finding in found(metered):
        key = ("Prompt" if finding.in_prompt else "Completion", NAMES[finding.category])
        blocked[key] += finding.filtered
        harmful[key] += finding.severity is not None
    expected = {key: {"Blocked": blocked[key], "Found": harmful[key]} for key in blocked if blocked[key] + harmful[key]}
    assert rows == expected


def test_deployments(run: Run, metered: Sequence[Call]) -> None:
    rows = rows_by(run, "Deployments", "Resource", "Deployment")
    looked_at = [call for call in metered if call.screened]
    places = group(looked_at, lambda call: (call.place.resource.name, call.place.deployment.name))
    assert rows == {
        place: pytest.approx(
            {
                "Blocked": count(calls, is_blocked),
                "of it answers": count(calls, was_cut),
                "Looked at": len(calls),
                "Blocked share": count(calls, is_blocked) / len(calls),
            }
        )
        for place, calls in places.items()
    }
    blocked = [row["Blocked"] for row in rows.values()]
    assert blocked[0] == max(blocked, key=number)


def number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


def test_subscriptions(run: Run, ledger: Ledger) -> None:
    rows = rows_by(run, "Subscriptions", "Subscription")
    teams = group(ledger.at_gateway, lambda call: (call.team or MISSING,))
    assert rows == {
        team: pytest.approx(
            {
                "Stopped prompts": count(calls, was_stopped),
                "Cut answers": count(calls, was_cut),
                "Jailbreaks": count(calls, lambda call: call.blocked in DETECTED),
                "Blocked share": count(calls, is_blocked) / len(calls),
            }
        )
        for team, calls in teams.items()
    }
    stopped = [row["Stopped prompts"] or 0 for row in rows.values()]
    assert stopped == sorted(stopped, key=number, reverse=True)


def test_jailbreaks(run: Run, ledger: Ledger) -> None:
    shown = split_over_time(run("Jailbreaks", "xy"), "Attempts", "Attempt")
    kinds = {JAILBREAK: "Direct", INDIRECT: "Indirect"}
    attempts = [(call, finding) for call, finding in found(ledger.at_gateway) if finding.category in kinds]
    expected = Counter(
        (bucket(call.answered), f"{kinds[finding.category]}, {'stopped' if finding.filtered else 'noted'}")
        for call, finding in attempts
    )
    assert shown == expected
    assert len({name for _, name in shown}) == 4


def test_blocklists(run: Run, ledger: Ledger) -> None:
    rows = rows_by(run, "Blocklists", "Blocklist")
    matched = [(call, finding) for call, finding in found(ledger.at_gateway) if finding.blocklist]
    lists = {finding.blocklist for _, finding in matched}
    assert lists
    assert rows == {
        (name,): {
            "Requests": sum(finding.blocklist == name for _, finding in matched),
            "of it answers": sum(finding.blocklist == name and not finding.in_prompt for _, finding in matched),
            "Subscriptions": len({call.team for call, finding in matched if finding.blocklist == name}),
        }
        for name in lists
    }


def test_latency_and_tokens(run: Run, ledger: Ledger) -> None:
    rows = rows_by(run, "Latency and tokens", "Request")
    kinds = {
        "Stopped prompt": [call for call in ledger.at_gateway if was_stopped(call)],
        "Cut answer": [call for call in ledger.at_gateway if was_cut(call)],
        "Let through": [call for call in ledger.at_gateway if not call.failed and not was_cut(call)],
    }
    assert rows.keys() == {(kind,) for kind in kinds}
    for kind, calls in kinds.items():
        row = rows[kind,]
        used = [call.usage or Usage(0) for call in calls]
        assert len(calls) > 0
        assert row["Requests"] == len(calls)
        assert row["Prompt tokens"] == sum(usage.input_tokens for usage in used)
        assert row["Answer tokens"] == sum(usage.output_tokens for usage in used)
        for percent in (50, 95):
            assert_near_percentile(row[f"p{percent}"], percent, [call.gateway_ms for call in calls])


def test_latest(run: Run, ledger: Ledger) -> None:
    rows = rows_of(run("Latest", "documents"))
    blocked = sorted(filter(is_blocked, ledger.at_gateway), key=lambda call: call.answered, reverse=True)
    categories = [
        (row["azure.open_ai.content_filter.prompt"] or "", row["azure.open_ai.content_filter.completion"] or "")
        for row in rows
    ]
    assert len(rows) >= min(10, len(blocked))
    assert categories == [(call.blocked or "", call.cut or "") for call in blocked[: len(rows)]]


def test_every_panel_has_a_test_here(filtering: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in filtering.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Blocked", "metric"),
            ("Blocked share", "metric"),
            ("Jailbreaks stopped", "metric"),
            ("Seen by API Management", "metric"),
            ("Stopped prompts by category", "xy"),
            ("Cut answers by category", "xy"),
            ("Found, by severity", "xy"),
            ("Found and blocked, by category", "table"),
            ("Deployments", "table"),
            ("Subscriptions", "table"),
            ("Jailbreaks", "xy"),
            ("Blocklists", "table"),
            ("Latency and tokens", "table"),
            ("Latest", "documents"),
        ]
    )
