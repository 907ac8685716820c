"""The page and the schema are those of the model, and the model says why each default is so."""

from pathlib import Path

import pytest

from collector.policy.azure_login import AzureSsl
from collector.policy.azure_metrics import AzureMetricsInput, AzureMetricsStream, MetricsDataStream
from collector.policy.elasticsearch import Backoff, ElasticsearchOutput
from collector.policy.event_hub import DataStream, EventHubInput, EventHubStream
from collector.policy.kinds import SecretText
from collector.policy.monitoring import Agent, Monitoring, MonitoringHttp
from collector.policy.reference import DOCS, render_page, render_schema, write_reference
from collector.policy.secret import SECRET_KEYS
from collector.policy.section import Section, default_of, kind_of, reason_of, section_of
from collector.policy.tls import Ssl

MONITORING = (Agent, Monitoring, MonitoringHttp)
METRICS = (AzureMetricsInput, AzureMetricsStream, MetricsDataStream, AzureSsl)
SECTIONS = (ElasticsearchOutput, Ssl, Backoff, *MONITORING, EventHubInput, EventHubStream, DataStream, *METRICS)
FIELDS = [(section, key) for section in SECTIONS for key in section.model_fields]


@pytest.mark.parametrize(
    ("name", "text"), [("configuration.md", render_page()), ("policy.schema.json", render_schema())]
)
def test_the_committed_reference_is_not_stale(name: str, text: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text, "run: python -m collector.policy.reference"


def test_the_command_writes_both_files(tmp_path: Path) -> None:
    write_reference(tmp_path / "docs")
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {"configuration.md", "policy.schema.json"}


@pytest.mark.parametrize(("section", "key"), FIELDS, ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_every_key_says_what_it_is_and_why_its_default_is_so(section: type[Section], key: str) -> None:
    field = section.model_fields[key]
    assert field.description
    assert field.description.endswith(".")
    assert reason_of(field)


@pytest.mark.parametrize(("section", "key"), FIELDS, ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_every_default_passes_its_own_check(section: type[Section], key: str) -> None:
    field = section.model_fields[key]
    kind, default = kind_of(field), default_of(field)
    if kind is not None and default not in (None, (), {}, ""):
        assert kind.check(kind.render(default)) == default


@pytest.mark.parametrize("section", SECTIONS)
def test_a_key_is_either_used_or_ignored_or_refused(section: type[Section]) -> None:
    used, ignored, refused = (set(keys) for keys in (section.model_fields, section.ignored_keys, section.refused_keys))
    assert not used & ignored
    assert not used & refused
    assert not ignored & refused


def test_every_secret_of_the_model_is_known_by_its_name() -> None:
    secrets = {key for section, key in FIELDS if isinstance(kind_of(section.model_fields[key]), SecretText)}
    assert secrets <= SECRET_KEYS


@pytest.mark.parametrize("section", SECTIONS)
def test_what_has_no_kind_is_a_section(section: type[Section]) -> None:
    plain = [key for key, field in section.model_fields.items() if kind_of(field) is None and section_of(field) is None]
    assert plain in ([], ["streams"])
