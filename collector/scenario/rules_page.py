"""Writes ``docs/rules.md``, with what the rules did on an engine: ``python -m collector.scenario.rules_page``."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from elasticsearch import AsyncElasticsearch, Elasticsearch

from collector.assets.files import sources_root
from collector.assets.installation import install
from collector.assets.rules.budgets import list_guards, list_rules
from collector.assets.rules.objectives import load_objectives
from collector.assets.rules.reading import load_rules
from collector.assets.rules.sources import ID_PREFIX, RuleSource
from collector.engine import EmbeddedEngine
from collector.scenario.conditions import Incident
from collector.scenario.ledger import Ledger
from collector.scenario.rule_days import HEALTHY, TROUBLED, draw_rule_days
from collector.scenario.rule_proof import LATE, Outcome, Trial, outcomes, try_rule, write_all

type Trials = Mapping[tuple[str, str], Trial]
"""What became of each rule on each day, by the names of the day and the rule."""

_HEADING: Final = """# Alert rules

Generated from `dashboards/rules/`, `dashboards/slos/` and runs of every rule on an engine, by
`python -m collector.scenario.rules_page`; change the sources, not this page.

The package has them as rule templates, which Kibana 9.2.1 and later offers on the integration's page; a person makes a
rule of one and chooses who is told. They need a basic licence, read every namespace, and use no ES|QL. Azure sends
records 3 to 10 minutes late, so no window over them is shorter than 15 minutes. Requests are counted once
([0008](decisions/0008-requests-are-counted-once.md)).
"""
_PROOF: Final = """
## Which rule notices which incident

A rule is run at its interval over a [scenario day](architecture.md), as Kibana would have run it, seeing only what had
arrived. Every run of it is compared with what the ledger of the day predicts, group by group and with the values
(`tests/assets/test_rule_proof.py`). The figures are minutes: from the begin of the incident to the first alert, and
from its end to the last recovery. An empty cell is a rule that stayed quiet.
"""
_OBJECTIVES: Final = """## Service level objectives

SLO templates of the package, for a Kibana newer still and a platinum licence. They read every namespace. An SLO does
not look back behind its `syncDelay`: it is 15 minutes, since Azure is up to 10 late. Their queries count what the
ledger of a day says (`tests/assets/test_slo_templates.py`).

Who watches an objective depends on the licence, and it is never both. With platinum it is a burn-rate rule over the
SLO; burn rates are Kibana's own and not run here. With a basic licence it is the two error-budget rules above, which
have the same target and the same two paces. The package has no template of a burn-rate rule: it would have to name an
SLO that is not there yet.

| objective | target, over 30 days | platinum | basic |
|---|---|---|---|"""
_LIMITS: Final = """
What this does not prove: no Kibana has run these rules. The runner asks the engine what Kibana's source asks
(`collector/assets/rules/`), flapping detection is off in it, and the traffic is invented.
"""


def render(trials: Trials, days: Mapping[str, Ledger]) -> str:
    """Return the page."""
    parts = [_HEADING, *_list_rules(list_rules()), _PROOF, _count(days), *_table(trials, days), _LIMITS]
    return "\n".join([*parts, _OBJECTIVES, *_list_objectives()]).rstrip() + "\n"


def _list_rules(sources: Mapping[str, RuleSource]) -> Iterator[str]:
    for rule_id, source in sources.items():
        limit = f"more than {source.above:g}" if source.above is not None else f"fewer than {source.fewer_than}"
        groups = f", for each value of {', '.join(f'`{field}`' for field in source.by)}" if source.by else ""
        twice = f", and matches {source.delay} times in a row" if source.delay > 1 else ""
        yield f"## {source.name.removeprefix('[Azure OpenAI] ')}\n"
        yield f"**{source.question.strip()}** (`{rule_id}`, [runbook](runbook/{rule_id.removeprefix(ID_PREFIX)}.md))\n"
        yield f"- alert: {limit} {source.unit}{groups}"
        yield f"- looks at the last {source.window} of `{source.index}`, every {source.every}{twice}"
        yield f"- change it: {' '.join(source.change.split())}\n"


def _list_objectives() -> Iterator[str]:
    guards = {guard.objective: guard for guard in list_guards()}
    for each, source in load_objectives().items():
        burn_rate, budget = guards[each].burn_rate["id"], ", ".join(f"`{rule}`" for rule in guards[each].budget_rules)
        yield f"| {source.description.strip()} | {source.target:.1%} | `{burn_rate}` | {budget} |"


def _count(days: Mapping[str, Ledger]) -> str:
    calls = ", ".join(f"{len(ledger.calls):,} calls on the {name} day" for name, ledger in days.items())
    minutes = LATE // timedelta(minutes=1)
    return f"Here: {calls}; documents are found {minutes} minutes after what they are about.\n"


def _table(trials: Trials, days: Mapping[str, Ledger]) -> Iterator[str]:
    rules = list(list_rules())
    incidents = days[TROUBLED].incidents
    done = {rule: outcomes(trials[TROUBLED, rule].alerts, incidents) for rule in rules}
    yield f"| | {' | '.join(rule.removeprefix(ID_PREFIX) for rule in rules)} |"
    yield f"|---|{'---|' * len(rules)}"
    yield f"| {HEALTHY} day | {' | '.join(_quiet(trials[HEALTHY, rule]) for rule in rules)} |"
    for incident in incidents:
        yield f"| {_heading(incident)} | {' | '.join(_cell(done[rule].get(incident.name)) for rule in rules)} |"


def _heading(incident: Incident) -> str:
    return f"{incident.name}, {_minutes(incident.until - incident.since)} min"


def _quiet(trial: Trial) -> str:
    return f"{len(trial.alerts)} alerts" if trial.alerts else ""


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    gone = "not" if outcome.recovered_after is None else _minutes(outcome.recovered_after)
    return f"{_minutes(outcome.raised_after)} / {gone}"


def _minutes(length: timedelta) -> str:
    return str(round(length / timedelta(minutes=1)))


def _try_all(client: Elasticsearch, days: Mapping[str, Ledger]) -> Trials:
    for name, ledger in days.items():
        write_all(client, ledger, name)
    return {
        (name, rule.id): try_rule(client, rule, ledger, name)
        for name, ledger in days.items()
        for rule in load_rules().values()
    }


async def _install(url: str) -> None:
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        await install(client)


def main() -> None:
    """Run every rule on the embedded engine and write the page into the checkout."""
    days = draw_rule_days()
    with EmbeddedEngine() as engine, Elasticsearch(engine.url, request_timeout=60) as client:
        asyncio.run(_install(engine.url))
        page = render(_try_all(client, days), days)
    (sources_root() / "docs" / "rules.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
