"""The days for alert rules on the engine, and every rule run over them once.

Fixtures: ``rule_days`` the ledgers by name, ``rule_trials`` what each rule found on each day.
"""

import uuid
from collections.abc import Iterator, Mapping

import pytest
from elasticsearch import Elasticsearch

from collector.assets.rules.reading import load_rules
from collector.scenario import Ledger
from collector.scenario.rule_days import draw_rule_days
from collector.scenario.rule_proof import Trial, try_rule, write_all


@pytest.fixture(scope="session")
def rule_days(full_size: bool) -> Mapping[str, Ledger]:
    """A healthy day and a troubled one; three times the calls at full size."""
    return draw_rule_days(times=3 if full_size else 1)


@pytest.fixture(scope="session")
def rule_namespaces(
    rule_days: Mapping[str, Ledger], installed_assets: None, elasticsearch_client: Elasticsearch
) -> Iterator[Mapping[str, str]]:
    """A namespace for each day, with its documents and nothing else."""
    namespaces = {name: f"{name}{uuid.uuid4().hex[:8]}" for name in rule_days}
    for name, ledger in rule_days.items():
        write_all(elasticsearch_client, ledger, namespaces[name])
    yield namespaces
    for namespace in namespaces.values():
        for stream in elasticsearch_client.indices.get_data_stream(name=f"*-{namespace}")["data_streams"]:
            elasticsearch_client.indices.delete_data_stream(name=stream["name"])


@pytest.fixture(scope="session")
def rule_trials(
    rule_days: Mapping[str, Ledger], rule_namespaces: Mapping[str, str], elasticsearch_client: Elasticsearch
) -> Mapping[tuple[str, str], Trial]:
    """What became of each rule on each day, by the names of the day and the rule."""
    return {
        (name, rule.id): try_rule(elasticsearch_client, rule, ledger, rule_namespaces[name])
        for name, ledger in rule_days.items()
        for rule in load_rules().values()
    }
