"""``agent.monitoring``: how the collector shows its own health.

Promises: key names are the Elastic Agent's (`elastic-agent.reference.yml`, and what Kibana writes into a policy); each
default carries its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, override

from collector.policy.ignored_keys import AGENT_IGNORED, MONITORING_HTTP_IGNORED, MONITORING_IGNORED
from collector.policy.kinds import Duration, Switch, Text, WholeNumber
from collector.policy.naming import NAMESPACE
from collector.policy.problems import RefusedError
from collector.policy.section import Section, setting


@dataclass(frozen=True)
class ListenAddress(Text):
    """An address of this machine to listen on."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip()
        if text == "localhost":
            return text
        try:
            return str(ip_address(text.removeprefix("[").removesuffix("]")))
        except ValueError:
            hint = "Write 127.0.0.1, or the address of this machine that may be asked from outside; the port is port."
            raise RefusedError("{shown} is not an IP address or localhost", hint) from None

    @override
    def describe(self) -> str:
        return "IP address, or `localhost`"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^(?:localhost|[0-9A-Fa-f:.\[\]]+)$|\$\{"}


class MonitoringHttp(Section):
    """``agent.monitoring.http``: the pages /metrics, /healthz and /readyz."""

    ignored_keys: ClassVar[Mapping[str, str]] = MONITORING_HTTP_IGNORED

    enabled: Annotated[bool, Switch()] = setting(
        True,
        "Whether /metrics (Prometheus), /healthz and /readyz are served.",
        reason="a promise that cannot be watched is none; the pages hold no secret and no record",
    )
    host: Annotated[str, ListenAddress()] = setting(
        "127.0.0.1",
        "The address to listen on. The pages ask for no login: an address that others reach is for networks where "
        "all may read them.",
        reason="nobody outside this machine can ask",
    )
    port: Annotated[int, WholeNumber(0, 65535)] = setting(
        8765,
        "The port to listen on; 0 takes a free one, which the log names. A port that is taken stops nothing but these "
        "pages, and the log says so.",
        reason="not the Elastic Agent's own 6791, so that both run on one machine",
    )


class Monitoring(Section):
    """``agent.monitoring``: what the collector says of itself, and where."""

    ignored_keys: ClassVar[Mapping[str, str]] = MONITORING_IGNORED

    enabled: Annotated[bool, Switch()] = setting(
        True, "false turns off all of it: the pages and the documents.", reason="the Elastic Agent's default"
    )
    http: MonitoringHttp = setting(
        MonitoringHttp(), "The pages for Prometheus and for probes.", reason="every key of it has a default"
    )
    metrics: Annotated[bool, Switch()] = setting(
        True,
        "Whether the numbers of /metrics are sent as documents too, to `metrics-aoai.collector-<namespace>`.",
        reason="the Elastic Agent's default",
    )
    metrics_period: Annotated[timedelta, Duration("1s", "1h")] = setting(
        timedelta(seconds=60), "How often documents are sent.", reason="the Elastic Agent's default"
    )
    namespace: Annotated[str, NAMESPACE] = setting(
        "default", "The namespace of the data stream of these documents.", reason="the Elastic Agent's default"
    )
    use_output: Annotated[str | None, Text()] = setting(
        None,
        "The output that these documents go to.",
        reason="where the logs go, the health of their collector is looked for",
        derived="the output `default`; without one, that of the first input",
        example="default",
    )


class Agent(Section):
    """``agent``: settings that are not of one input or output."""

    ignored_keys: ClassVar[Mapping[str, str]] = AGENT_IGNORED

    monitoring: Monitoring = setting(
        Monitoring(), "How the collector shows its own health.", reason="every key of it has a default"
    )
    workers: Annotated[int, WholeNumber(1, 32)] = setting(
        1,
        "How many processes share the partitions of the hubs, under one supervisor that is a process more. Limits of "
        "the policy hold for each of them. A change needs a restart. How many bulks one of them has in flight is "
        "worker of the output.",
        reason="one process does not share anything, and keeps one core busy; more are for hubs that need more cores",
    )
