"""Whatever stands in a file, loading gives a policy or a `PolicyError`."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.policy import PolicyError, load_policy
from collector.policy.azure_metrics import AzureMetricsInput, AzureMetricsStream, MetricsDataStream
from collector.policy.elasticsearch import Backoff, ElasticsearchOutput
from collector.policy.event_hub import DataStream, EventHubInput, EventHubStream
from collector.policy.monitoring import Agent, Monitoring, MonitoringHttp
from collector.policy.tls import Ssl
from collector.policy.units import parse_duration, parse_size, render_duration, render_size

CANARY = "SharedAccessKey=canary5ecret"
METRICS = (AzureMetricsInput, AzureMetricsStream, MetricsDataStream)
SECTIONS = (ElasticsearchOutput, Ssl, Backoff, EventHubInput, EventHubStream, DataStream, *METRICS)
KEYS = sorted(
    {
        key
        for section in (*SECTIONS, Agent, Monitoring, MonitoringHttp)
        for key in (*section.model_fields, *section.ignored_keys, *section.refused_keys)
    }
    | {"outputs", "inputs", "default", "providers", "filesource", "sources", "path", "<<", "ssl.key", "backoff.init"}
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["elasticsearch", "azure-eventhub", "logs", "default", "${env.A}", "${", "$${a}", "${env.A|'b'}", "5s", "5MiB"]
    ),
    st.sampled_from(["https://a:1", "http://[", "client_secret", "blob", "none", "0777", "on", "1:30", CANARY]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), inner)
    ),
    max_leaves=8,
)


def of_section(section: Any) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(sorted(section.model_fields)), VALUES, max_size=6)


STREAMS = st.lists(of_section(EventHubStream), max_size=3)
INPUTS = st.one_of(
    st.builds(
        lambda entry, streams: {**entry, "type": "azure-eventhub", "streams": streams},
        of_section(EventHubInput),
        STREAMS,
    ),
    st.builds(
        lambda entry, streams: {**entry, "type": "azure/metrics", "streams": streams},
        of_section(AzureMetricsInput),
        st.lists(of_section(AzureMetricsStream), max_size=3),
    ),
)
OUTPUTS = st.builds(lambda entry: {**entry, "type": "elasticsearch"}, of_section(ElasticsearchOutput))
POLICIES = st.builds(
    lambda outputs, inputs, agent: {"outputs": outputs, "inputs": inputs, "agent": agent},
    st.dictionaries(st.sampled_from(["default", "other"]), OUTPUTS, max_size=2),
    st.lists(INPUTS, max_size=2),
    st.one_of(VALUES, st.fixed_dictionaries({"monitoring": of_section(Monitoring)})),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "policy.yml"
    path.touch(mode=0o600)
    return path


def find_error(file: Path, data: bytes) -> PolicyError | None:
    file.write_bytes(data)
    try:
        load_policy(file, {"A": CANARY})
    except PolicyError as error:
        return error
    return None


def check(file: Path, data: bytes) -> None:
    error = find_error(file, data)
    if error is not None:
        assert error.problems
        assert all(problem.line >= 1 and problem.hint.endswith((".", "?")) for problem in error.problems)
        assert "canary5ecret" not in error.render()


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_policy_or_a_policy_error(file: Path, data: bytes) -> None:
    check(file, data)


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="ab:-[]{}#&*!|>'\"%@`\n\t ,?<$0123456789.e~", max_size=80))
def test_any_text_of_yaml_signs_gives_a_policy_or_a_policy_error(file: Path, text: str) -> None:
    check(file, text.encode())


@settings(max_examples=200, deadline=None)
@given(value=VALUES)
def test_any_yaml_gives_a_policy_or_a_policy_error(file: Path, value: object) -> None:
    check(file, yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "replace"))


@settings(max_examples=100, deadline=None)
@given(value=POLICIES)
def test_any_values_under_known_keys_give_a_policy_or_a_policy_error(file: Path, value: object) -> None:
    check(file, yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "replace"))


@given(microseconds=st.integers(0, 10**13))
def test_a_duration_is_read_as_it_was_written(microseconds: int) -> None:
    duration = timedelta(microseconds=microseconds)
    assert parse_duration(render_duration(duration)) == duration


@given(size=st.integers(0, 2**39))
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    assert parse_size(render_size(size)) == size
