"""Runs every rule over a day, as Kibana would have, and says what became of each incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch

from collector.assets.rules.alerts import follow_alerts
from collector.assets.rules.model import Alert, Found, Rule
from collector.assets.rules.running import run_at_each
from collector.scenario.conditions import Incident
from collector.scenario.estate import Stock, Use, draw_use, list_stock, write_estate
from collector.scenario.ledger import Ledger
from collector.scenario.upkeep import Report, draw_upkeep, write_upkeep
from collector.scenario.writing import write_day

LATE: Final = timedelta(minutes=4)
"""From what a document is about until it can be found: Azure says 3 to 10 minutes for logs, 3 for metrics."""
_SEED: Final = 5
_FIRST: Final = timedelta(hours=1)
"""Runs begin so long after the day: until then there was nothing to find."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The runs of a rule over a day: when, and what each found."""

    rule: Rule
    moments: Sequence[datetime]
    found: Sequence[Found]

    @property
    def alerts(self) -> Sequence[Alert]:
        """The alerts that came of them."""
        return follow_alerts(self.rule.delay, zip(self.moments, self.found, strict=True))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule did about an incident: how long after its begin it was first raised, and after its end last gone."""

    raised_after: timedelta
    recovered_after: timedelta | None


def draw_reports(ledger: Ledger) -> Sequence[Report]:
    """Return what the collector told of itself over a day of the ledger."""
    return draw_upkeep(_SEED, ledger.start, ledger.end, ledger.incidents)


def draw_estate(ledger: Ledger) -> tuple[Sequence[Use], Sequence[Stock]]:
    """Return how full provisioned throughput was over a day of the ledger, and what was listed."""
    day = (ledger.start, ledger.end, ledger.incidents)
    return draw_use(_SEED, *day), list_stock(*day)


def write_all(client: Elasticsearch, ledger: Ledger, namespace: str) -> None:
    """Write a day to a namespace, with what the collector told of itself and of the subscription.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    write_day(client, ledger, namespace=namespace)
    write_upkeep(client, draw_reports(ledger), namespace)
    write_estate(client, *draw_estate(ledger), namespace)


def moments_of(rule: Rule, ledger: Ledger) -> Sequence[datetime]:
    """Return when a rule runs on a day."""
    runs = (ledger.length - _FIRST) // rule.interval
    return [ledger.start + _FIRST + rule.interval * number for number in range(runs)]


def try_rule(client: Elasticsearch, rule: Rule, ledger: Ledger, namespace: str) -> Trial:
    """Run a rule at its interval over a day that was written to a namespace.

    Raises:
        UnknownRuleError: the rule uses what the runner does not know.
    """
    moments = moments_of(rule, ledger)
    here = {"term": {"data_stream.namespace": namespace}}
    return Trial(rule, moments, run_at_each(client, rule, moments, late=LATE, filters=[here]))


def outcomes(alerts: Sequence[Alert], incidents: Sequence[Incident]) -> Mapping[str, Outcome]:
    """Return what alerts did about incidents, by name; an incident reaches until the next begins.

    Raises:
        LookupError: an alert was raised before any incident.
    """
    done: dict[str, Outcome] = {}
    for alert in alerts:
        incident = max((each for each in incidents if each.since <= alert.raised), key=lambda each: each.since)
        gone = None if alert.recovered is None else alert.recovered - incident.until
        raised = done[incident.name].raised_after if incident.name in done else alert.raised - incident.since
        done[incident.name] = Outcome(raised, gone)
    return done
