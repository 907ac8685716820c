"""From a policy to everything that is to be looked at: each server, hub, container and cluster that it names, once."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from azure.storage.blob.aio import ContainerClient
from elastic_transport import NodeConfig

from collector.assets.setup.wishes import Login
from collector.assets.templates import DATASETS, DEAD_LETTERS
from collector.check.azure_monitor import probe_azure, probe_login, probe_sizes_unknown
from collector.check.checkpoints import probe_checkpoints
from collector.check.elasticsearch import probe_output
from collector.check.event_hubs import probe_hub
from collector.check.findings import Finding, Outcome, Row, skip
from collector.check.kibana import probe_kibana
from collector.check.peers import Peer
from collector.check.running import Look, Probe
from collector.inputs.azure.transport import find_proxy_address, trust_or_system
from collector.inputs.event_hub.connection import find_namespace_host
from collector.output.elasticsearch.connection import client_settings
from collector.output.elasticsearch.node import PASSAGE, Passage
from collector.output.elasticsearch.proxies import Proxy
from collector.policy import (
    AzureMetricsStream,
    ElasticsearchOutput,
    EventHubConnectionString,
    EventHubStream,
    Policy,
    PolicyError,
    Problem,
)
from collector.policy.connection_string import AMQP_PORT, AMQPS_PORT
from collector.policy.problems import name_place
from collector.telemetry.documents import DATASET as HEALTH
from collector.telemetry.documents import TYPE as HEALTH_TYPE

_OURS: Final = "aoai."
_OVER_443: Final = ", or go over port 443 with transport: websocket"
_PORTS: Final = {"http": 80, "https": 443}


def list_probes(
    policy: Policy, data: Path, kibana: Login | None, space: str, setup_login: Mapping[str, Any] | None = None
) -> list[Probe]:
    """Return what is looked at for a policy.

    Args:
        policy: what the collector is to do.
        data: its data folder.
        kibana: how Kibana is reached, if it is to be looked at.
        space: Kibana's space.
        setup_login: who may look at pipelines and templates where an output's own login may not.
    """
    hubs = [stream for _, stream in policy.streams()]
    metrics = [stream for _, stream in policy.metrics_streams()]
    probes = [Probe("", (Row.POLICY,), partial(_tell_of_policy, policy))]
    probes += _meet([*_peers_of_azure(hubs, metrics), *_peers_of_outputs(policy)])
    probes += [probe_hub(stream, data) for stream in hubs]
    probes += [probe_login(stream) for stream in hubs if stream.auth_type != "connection_string"]
    probes += [probe_azure(stream, hubs, sizes=stream is metrics[0]) for stream in metrics]
    if hubs and not metrics:
        probes.append(probe_sizes_unknown(hubs))
    probes += [probe_checkpoints(stream, data) for stream in (*hubs, *metrics)]
    for name, targets in _list_targets(policy).items():
        probes.append(probe_output(name, policy.outputs[name], targets, setup_login))
    probes.append(probe_kibana(kibana, space) if kibana else Probe("", (Row.KIBANA,), _tell_of_no_kibana))
    return probes


def explain_policy(error: PolicyError) -> list[Finding]:
    """Return what there is to say of a policy that cannot be used: each mistake, and that no more was looked at."""
    found = [
        Finding(
            Row.POLICY, name_place(each.file, each.line).rstrip(": "), Outcome.FAILED, _name_mistake(each), each.hint
        )
        for each in error.problems
    ]
    return found + [skip(row, "", "the policy cannot be used") for row in Row if row is not Row.POLICY]


def _name_mistake(problem: Problem) -> str:
    return f"{problem.key}: {problem.what}" if problem.key else problem.what


async def _tell_of_policy(policy: Policy) -> Look:
    for note in policy.notes:
        yield Finding(Row.POLICY, "", Outcome.WARNING, note.rstrip("."))
    if not policy.notes:
        count = len(list(policy.streams())) + len(list(policy.metrics_streams()))
        yield Finding(Row.POLICY, "", Outcome.OK, f"{count} streams, {len(policy.outputs)} outputs")


async def _tell_of_no_kibana() -> Look:
    yield skip(Row.KIBANA, "", "it is looked at with --kibana URL")


def _meet(peers: Sequence[Peer]) -> Iterator[Probe]:
    """Yield one look for each server and way to it."""
    known: set[object] = set()
    for peer in peers:
        key = (peer.name.lower(), peer.next_hop)
        if key not in known:
            known.add(key)
            yield peer.probe()


def _peers_of_azure(hubs: Sequence[EventHubStream], metrics: Sequence[AzureMetricsStream]) -> Iterator[Peer]:
    for stream in hubs:
        yield _peer_of_hub(stream)
    for stream in (*hubs, *metrics):
        if stream.checkpoint_store == "blob":
            yield _peer_at(stream, _storage_url(stream))
        if stream.auth_type in {"client_secret", "client_certificate", "workload_identity"}:
            yield _peer_at(stream, stream.authority_host)
    for stream in metrics:
        yield _peer_at(stream, stream.resource_manager_endpoint)


def _peer_of_hub(stream: EventHubStream) -> Peer:
    host, port, secure = find_namespace_host(stream), AMQPS_PORT, True
    if stream.connection_string is not None:
        parsed = EventHubConnectionString.parse(stream.connection_string.reveal())
        secure = not parsed.emulator
        port = parsed.port or (AMQPS_PORT if secure else AMQP_PORT)
    over_websocket = stream.transport == "websocket"
    if over_websocket:
        port = _PORTS["https"]
    if stream.custom_endpoint_address is not None:
        place = urlsplit(f"//{stream.custom_endpoint_address}")
        host, port = place.hostname or host, place.port or port
    find_trust = partial(trust_or_system, stream) if secure else _speak_plainly
    proxy = _find_proxy(stream, host) if over_websocket else None
    return Peer(host, port, find_trust, proxy, detour="" if over_websocket else _OVER_443)


def _peer_at(stream: EventHubStream | AzureMetricsStream, url: str) -> Peer:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if parts.scheme == "http":
        return Peer(host, port, _speak_plainly, tells_time=True)
    return Peer(host, port, partial(trust_or_system, stream), _find_proxy(stream, host), tells_time=True)


def _storage_url(stream: EventHubStream | AzureMetricsStream) -> str:
    if stream.storage_account_connection_string is None:
        return stream.storage_account_endpoint or ""
    text = stream.storage_account_connection_string.reveal()
    return ContainerClient.from_connection_string(text, stream.storage_account_container or "").url


def _find_proxy(stream: EventHubStream | AzureMetricsStream, host: str) -> Proxy | None:
    address = find_proxy_address(stream, host)
    return Proxy.parse(address.reveal(), {}) if address is not None else None


def _speak_plainly() -> None:
    """There is no TLS to trust."""


def _peers_of_outputs(policy: Policy) -> Iterator[Peer]:
    for name in _list_targets(policy):
        yield from _peers_of_output(policy.outputs[name])


def _peers_of_output(output: ElasticsearchOutput) -> Iterator[Peer]:
    try:
        settings: dict[str, Any] = client_settings(output)
    except OSError:
        return  # the row of the output says why
    nodes: list[NodeConfig] = settings["hosts"]
    for node in nodes:
        passage: Passage = node._extras[PASSAGE]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
        yield Peer(node.host, node.port, lambda node=node: node.ssl_context, passage.proxy, passage.pin)


def _list_targets(policy: Policy) -> dict[str, list[str]]:
    """Return the data streams that documents go to, by the output that is used."""
    targets: dict[str, set[str]] = {}
    for source, stream in (*policy.streams(), *policy.metrics_streams()):
        target = stream.data_stream
        names = targets.setdefault(source.use_output, set())
        streams = [DEAD_LETTERS.stream, f"{target.type}-{target.dataset}"]
        if target.dataset.startswith(_OURS):
            streams += [each.stream for each in DATASETS if each.stream.startswith(f"{target.type}-")]
        names |= {f"{each}-{target.namespace}" for each in streams}
    own, settings = policy.monitoring_output, policy.agent.monitoring
    if own is not None and settings.enabled and settings.metrics:
        targets.setdefault(own, set()).add(f"{HEALTH_TYPE}-{HEALTH}-{settings.namespace}")
    return {name: sorted(names) for name, names in targets.items()}
