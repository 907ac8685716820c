"""The way to one server: its name, its port, the proxy before it, its certificate, its clock.

Nothing but a question without a login is sent, and that only to servers that speak HTTP.
"""

import asyncio
import os
import socket
import ssl
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from collector.check.findings import Finding, Outcome, Row, fail, skip
from collector.check.running import Look, Probe
from collector.output.elasticsearch.pinning import FingerprintError, PinnedAuthority, open_tunnel
from collector.output.elasticsearch.proxies import Proxy, is_loopback
from collector.output.elasticsearch.tls_failures import explain_tls

_SECONDS: Final = 8.0
"""For each step; longer than a network that works ever needs, and two of them fit into the limit of a probe."""
_DAYS_OF_WARNING: Final = 14
_DAY: Final = 86_400
_ODD_SECONDS: Final = 30.0
_WRONG_SECONDS: Final = 300.0
_LONGEST_HEAD: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that the policy names.

    Attributes:
        host: its name or address, which its certificate must have.
        port: its port.
        find_trust: returns how its certificate is verified, or None where no TLS is spoken; may raise OSError.
        proxy: the HTTP proxy before it.
        pin: the certificate that must be in its chain.
        tells_time: whether it speaks HTTP and says in each answer what time it is.
        detour: another way to it, as a part of a sentence.
    """

    host: str
    port: int
    find_trust: Callable[[], ssl.SSLContext | None]
    proxy: Proxy | None = None
    pin: PinnedAuthority | None = None
    tells_time: bool = False
    detour: str = ""

    @property
    def name(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def next_hop(self) -> tuple[str, int]:
        """Who is connected to: the proxy, or the server itself."""
        return (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)

    def probe(self) -> Probe:
        """Return the look at it."""
        rows = (Row.DNS, Row.CONNECTION, Row.TLS, Row.CLOCK)
        return Probe(self.name, rows if self.tells_time else rows[:-1], self.look)

    async def look(self) -> Look:
        """Yield what is found on the way there, up to the first thing that is broken."""
        resolved = await _resolve(self)
        yield resolved
        if resolved.outcome is Outcome.FAILED:
            return
        try:
            async with asyncio.timeout(_SECONDS):
                reader, writer = await asyncio.open_connection(*self.next_hop, limit=_LONGEST_HEAD)
        except OSError as error:
            yield fail(Row.CONNECTION, self.name, _explain_connection(error), _fix_connection(self))
            return
        try:
            async for finding in self._look_inside(reader, writer):
                yield finding
        finally:
            writer.transport.abort()

    async def _look_inside(self, reader: StreamReader, writer: StreamWriter) -> Look:
        try:
            context = self.find_trust()
        except OSError as error:
            yield Finding(Row.CONNECTION, self.name, Outcome.OK, self._describe_way())
            fix = "Correct ssl.certificate_authorities in the policy."
            yield fail(Row.TLS, self.name, f"an authority's certificate cannot be used ({error})", fix)
            return
        if self.proxy is not None and context is not None:
            try:
                async with asyncio.timeout(_SECONDS):
                    await open_tunnel(reader, writer, self.name, self.proxy)
            except OSError as error:
                text = str(error) or "the proxy does not answer"
                fix = "Check proxy_url, its user name and password, and what the proxy lets through."
                yield fail(Row.CONNECTION, self.name, text, fix)
                return
        yield Finding(Row.CONNECTION, self.name, Outcome.OK, self._describe_way())
        secured = await self._secure(writer, context)
        yield secured
        if self.tells_time and secured.outcome is not Outcome.FAILED and (context is not None or self.proxy is None):
            yield await _compare_clocks(self, reader, writer)

    def _describe_way(self) -> str:
        return f"answers, through the proxy {self.proxy.host}:{self.proxy.port}" if self.proxy else "answers"

    async def _secure(self, writer: StreamWriter, context: ssl.SSLContext | None) -> Finding:
        if context is None:
            if is_loopback(self.host):
                return skip(Row.TLS, self.name, "it is spoken to without TLS, on this machine")
            fix = "Write https:// before the host, if the server speaks TLS."
            return fail(Row.TLS, self.name, "it is spoken to without TLS", fix, Outcome.WARNING)
        try:
            async with asyncio.timeout(_SECONDS):
                if self.pin is not None:
                    await self.pin.establish(self.host, self.port, self.proxy)
                await writer.start_tls(context, server_hostname=self.host)
        except FingerprintError as error:
            return fail(Row.TLS, self.name, str(error), "Correct ssl.ca_trusted_fingerprint in the policy.")
        except TimeoutError:
            return fail(Row.TLS, self.name, "there is no TLS handshake: check the port, and whether it speaks TLS")
        except OSError as error:
            return fail(Row.TLS, self.name, explain_tls(error))
        return _judge_certificate(self.name, context, writer.get_extra_info("ssl_object"))


async def _resolve(peer: Peer) -> Finding:
    host, port = peer.next_hop
    of_proxy = " of the proxy" if peer.proxy else ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "Check the name for a typing error, and this machine's DNS: a private endpoint needs its private zone."
        return fail(Row.DNS, peer.name, f"the name{of_proxy} {host} has no address ({reason})", fix)
    addresses = ", ".join(dict.fromkeys(str(each[4][0]) for each in found))
    return Finding(Row.DNS, peer.name, Outcome.OK, f"the name{of_proxy} stands for {addresses}")


def _explain_connection(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"nobody answers within {_SECONDS:g} s"
    return f"no connection ({os.strerror(error.errno) if error.errno else error})"


def _fix_connection(peer: Peer) -> str:
    if peer.proxy is not None:
        return f"Check proxy_url, and that the proxy {peer.proxy.host}:{peer.proxy.port} runs."
    return f"Check that the server runs, and let port {peer.port} through the firewalls in between{peer.detour}."


def _judge_certificate(target: str, context: ssl.SSLContext, connection: Any) -> Finding:
    if context.verify_mode is ssl.CERT_NONE:
        fix = "Name the authority as ssl.certificate_authorities, and remove ssl.verification_mode."
        return fail(Row.TLS, target, "its certificate is not verified", fix, Outcome.WARNING)
    certificate = cast("dict[str, str]", connection.getpeercert())
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // _DAY)
    text = f"{connection.version()}, its certificate is trusted and ends in {days} days"
    if days < _DAYS_OF_WARNING:
        return fail(Row.TLS, target, text, "Renew the server's certificate.", Outcome.WARNING)
    return Finding(Row.TLS, target, Outcome.OK, text)


async def _compare_clocks(peer: Peer, reader: StreamReader, writer: StreamWriter) -> Finding:
    """Ask without a login; whatever the server answers, it has a date, or tells none."""
    writer.write(f"HEAD / HTTP/1.1\r\nHost: {peer.name}\r\nUser-Agent: aoai-collector\r\n\r\n".encode())
    try:
        async with asyncio.timeout(_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return skip(Row.CLOCK, peer.name, "the server does not answer a question without a login")
    lines = head.decode("latin-1").split("\r\n")
    date = next((line[5:].strip() for line in lines if line.lower().startswith("date:")), "")
    try:
        return judge_clock(peer.name, time.time() - parsedate_to_datetime(date).timestamp())
    except ValueError:
        return skip(Row.CLOCK, peer.name, "the server tells no time")


def judge_clock(target: str, ahead: float) -> Finding:
    """Return what it means that this machine's clock is so many seconds ahead of a server's."""
    text = f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
    if abs(ahead) <= _ODD_SECONDS:
        return Finding(Row.CLOCK, target, Outcome.OK, text)
    outcome = Outcome.WARNING if abs(ahead) <= _WRONG_SECONDS else Outcome.FAILED
    return fail(Row.CLOCK, target, text, "Set this machine's clock by NTP, as with timedatectl set-ntp true.", outcome)
