"""Checks what no single key shows: names that must differ, names and files that must exist, hubs that are read twice.

Promises: looks at every input and stream that is enabled, also at those with problems of their own, and names the
other place.
"""

import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.policy.azure_login import EntraLogin
from collector.policy.elasticsearch import ElasticsearchOutput
from collector.policy.event_hub import EventHubStream
from collector.policy.input_kinds import InputSection, StreamSection
from collector.policy.monitoring import Monitoring
from collector.policy.problems import suggest
from collector.policy.report import Report
from collector.policy.source_map import KeyPath
from collector.policy.tls import Ssl, is_pem


@dataclass(slots=True)
class LoadedOutput:
    """An output of the file. `section` is None when it has problems, or when its type is not `served`."""

    section: ElasticsearchOutput | None
    served: bool


@dataclass(slots=True)
class LoadedStream:
    """An enabled stream of the file: its place, the keys it gives, and the section unless it has problems."""

    path: KeyPath
    given: Mapping[str, object]
    section: StreamSection | None


@dataclass(slots=True)
class LoadedInput:
    """An enabled input of the file: its place, the keys it gives, its enabled streams.

    `section` is None when it has problems.
    """

    path: KeyPath
    given: Mapping[str, object]
    streams: list[LoadedStream]
    section: InputSection | None = None


def check_agreement(inputs: list[LoadedInput], outputs: Mapping[str, LoadedOutput], report: Report) -> None:
    """Report what does not fit together between outputs, inputs and streams."""
    streams = [stream for entry in inputs for stream in entry.streams]
    if not streams and not report.has_problem(("inputs",)):
        hint = "Write an input of type azure-eventhub with a stream, or remove enabled: false."
        report.refuse(("inputs",), "holds no enabled stream of a type that is served, so there is nothing to do", hint)
    for entry in inputs:
        _check_use_output(entry, outputs, report)
    _check_ids("input", [(entry.path, entry.given.get("id")) for entry in inputs], report)
    _check_ids("stream", [(stream.path, stream.given.get("id")) for stream in streams], report)
    _check_hubs(streams, report)


def _check_use_output(entry: LoadedInput, outputs: Mapping[str, LoadedOutput], report: Report) -> None:
    name = entry.given.get("use_output", "default")
    where = (*entry.path, "use_output")
    if not isinstance(name, str) or not outputs or report.has_problem(where):
        return
    if name not in outputs:
        what = "names no output: {shown}" if report.source.has(where) else "is missing, and no output is called default"
        hint = suggest(name, outputs) or "Write the name of an output, as it stands below outputs."
        report.refuse(where, what, hint)
    elif not outputs[name].served:
        report.refuse(where, "names an output of a type that is not served", "Name an output of type elasticsearch.")


def check_monitoring(monitoring: Monitoring, outputs: Mapping[str, LoadedOutput], report: Report) -> None:
    """Report an output that is not in the file; one of a type that is not served is only noted, as Kibana may name it.

    Nothing that is collected depends on it.
    """
    name = monitoring.use_output
    where = ("agent", "monitoring", "use_output")
    if name is None or not outputs:
        return
    if name not in outputs:
        hint = suggest(name, outputs) or "Write the name of an output, as it stands below outputs."
        report.refuse(where, "names no output: {shown}", hint)
    elif not outputs[name].served:
        why = "its output is of a type that is not served, so the numbers are in /metrics only"
        report.explain("agent.monitoring.use_output", where, why)


def _check_ids(noun: str, named: list[tuple[KeyPath, object]], report: Report) -> None:
    """Report ids that two inputs, or two streams, share: positions and counters are kept by them."""
    first: dict[str, KeyPath] = {}
    for path, name in named:
        if not isinstance(name, str):
            continue
        other = first.setdefault(name, path)
        if other != path:
            what = f"is the same as that of the {noun} {report.source.say_place(other)}"
            report.refuse((*path, "id"), what, f"Give each {noun} an id of its own.")


def _check_hubs(streams: list[LoadedStream], report: Report) -> None:
    """Report two streams that read the same hub with the same consumer group.

    They would share one checkpoint path, and Event Hubs would take each partition from one to give it to the other,
    in turn.
    """
    first: dict[tuple[str, str, str], KeyPath] = {}
    for stream in streams:
        section = stream.section
        if not isinstance(section, EventHubStream):
            continue
        reader = (section.namespace, section.eventhub.lower(), section.consumer_group.lower())
        other = first.setdefault(reader, stream.path)
        if other != stream.path:
            what = (
                f"is read by the stream {report.source.say_place(other)} too, with the same consumer group, so they "
                "share one checkpoint"
            )
            report.refuse(
                (*stream.path, "eventhub"), what, "Give one of them a consumer_group of its own, or remove it."
            )


def check_files(ssl: Ssl, path: KeyPath, report: Report) -> None:
    """Report files of the section that cannot be read by this user."""
    named: list[tuple[KeyPath, str]] = [
        (("certificate_authorities", index), text) for index, text in enumerate(ssl.certificate_authorities)
    ]
    if ssl.certificate is not None:
        named.append((("certificate",), ssl.certificate))
    if ssl.key is not None:
        named.append((("key",), ssl.key.reveal()))
    _check_readable(named, path, report)


def check_stream_files(stream: EntraLogin, path: KeyPath, report: Report) -> None:
    """Report certificates of a stream that cannot be read by this user; tokens may come later than the policy."""
    authorities = stream.ssl.certificate_authorities
    named: list[tuple[KeyPath, str]] = [
        (("ssl", "certificate_authorities", index), text) for index, text in enumerate(authorities)
    ]
    for key, text in named:
        _check_authority(text, (*path, *key), report)
    if stream.client_certificate is not None:
        named.append((("client_certificate",), stream.client_certificate.reveal()))
    _check_readable(named, path, report)


def _check_authority(text: str, path: KeyPath, report: Report) -> None:
    """Report what can be read and is no certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**{"cadata" if is_pem(text) else "cafile": text})
    except (ssl.SSLError, ValueError):
        report.refuse(path, "holds no certificate in PEM form", "Name the certificate of the authority.")
    except OSError:
        pass  # said elsewhere


def _check_readable(named: Iterable[tuple[KeyPath, str]], path: KeyPath, report: Report) -> None:
    for key, text in named:
        if not is_pem(text) and not (Path(text).is_file() and os.access(text, os.R_OK)):
            report.refuse(
                (*path, *key), "names a file that cannot be read", "Check the path and the rights of the file."
            )
