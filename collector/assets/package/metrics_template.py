"""The stream template with which an Elastic Agent polls Azure Monitor: metrics and dimensions of the catalogue.

The form is that of Fleet's templates (Handlebars) and of the ``monitor`` metricset of Metricbeat's azure module. That
asks for one aggregation of a metric, Azure's primary one; to name others would end all of a resource's metrics as soon
as Azure offers one less. Metrics with the same dimensions are one group, since the agent makes one call for each.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from textwrap import indent
from typing import Final

from collector.azure_monitor.metrics import load_metrics

ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"
FILE: Final = PurePosixPath("agent") / "stream" / "azure-metrics.yml.hbs"
"""Where it stands in the folder of the data stream."""

_HEADING: Final = """\
{{! Built from collector/azure_monitor/metrics.yml by `aoai-collector build`; change that, not this file. }}
metricsets: [monitor]
"""
_KEYS: Final = """\
{{#if KEY}}
KEY: {{escape_string KEY}}
{{/if}}
"""
_CLOUDS: Final = """\
{{#contains "us_government" cloud}}
resource_manager_endpoint: https://management.usgovcloudapi.net/
active_directory_endpoint: https://login.microsoftonline.us/
{{/contains}}
{{#contains "china" cloud}}
resource_manager_endpoint: https://management.chinacloudapi.cn/
active_directory_endpoint: https://login.chinacloudapi.cn/
{{/contains}}
"""
_TAGS: Final = """\
tags:
{{#each tags}}
  - {{escape_string this}}
{{/each}}
{{#contains "forwarded" tags}}
publisher_pipeline.disable_host: true
{{/contains}}
{{#if processors}}
processors:
{{processors}}
{{/if}}
"""
_CHOSEN: Final = """\
{{#if LIST}}
  - KEY:
{{#each LIST}}
      - {{escape_string this}}
{{/each}}
"""
_ALL: Final = """\
{{#unless resource_groups}}
{{#unless resource_ids}}
  - resource_query: "resourceType eq 'TYPE'"
"""


def render_metrics_template() -> str:
    """The template: the login, then the resources that were chosen, or every account of the subscription."""
    keys = ("period", "subscription_id", "tenant_id", "client_id", "client_secret", "refresh_list_interval")
    metrics = indent("".join(_groups()), "    ")
    groups = _chosen("resource_groups", "resource_group") + f"    resource_type: {ACCOUNTS}\n{metrics}{{{{/if}}}}\n"
    ids = f"{_chosen('resource_ids', 'resource_id')}{metrics}{{{{/if}}}}\n"
    everything = _ALL.replace("TYPE", ACCOUNTS) + metrics + "{{/unless}}\n{{/unless}}\n"
    logins = "".join(_KEYS.replace("KEY", key) for key in keys)
    return f"{_HEADING}{logins}{_CLOUDS}resources:\n{groups}{ids}{everything}{_TAGS}"


def _chosen(variable: str, key: str) -> str:
    return _CHOSEN.replace("LIST", variable).replace("KEY", key)


def _groups() -> Iterator[str]:
    """The groups of metrics, in the order of the catalogue."""
    names: dict[tuple[str, ...], list[str]] = {}
    for metric in load_metrics():
        if metric.namespace == ACCOUNTS and not metric.deprecated:
            names.setdefault(metric.dimensions, []).append(metric.name)
    yield "metrics:\n"
    for dimensions, group in names.items():
        yield f"  - name: [{', '.join(group)}]\n    namespace: {ACCOUNTS}\n"
        yield "    timegrain: PT1M\n    ignore_unsupported: true\n    dimensions:\n"
        yield from (f"      - {{name: {dimension}, value: '*'}}\n" for dimension in dimensions)
