"""A small Elasticsearch on a real TLS socket that keeps what it was sent, a proxy before it, and clients of both."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from multidict import CIMultiDict
from plugins.http_server import listen

from collector.output.elasticsearch.client import BulkClient
from collector.output.elasticsearch.connection import client_settings
from collector.policy import ElasticsearchOutput

BODY = b'{"create":{"_index":"logs-aoai.logs-default","_id":"a"}}\n{}\n'
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
INFO = {"version": {"number": "9.0.0", "build_flavor": "default"}, "tagline": "You Know, for Search"}
CREATED = {"errors": False, "took": 1, "items": [{"create": {"status": 201}}]}


@dataclass
class Seen:
    """A request as the cluster received it."""

    method: str
    path: str
    headers: CIMultiDict[str]
    client_name: str | None
    """The common name of the client's certificate."""


@dataclass
class Cluster:
    """Answers as a cluster does whose user may write documents and may not look at templates.

    Every connection serves one request, so that each request shakes hands.
    """

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    status: int = 200
    secure: bool = True

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://localhost:{self.port}"

    @property
    def authorizations(self) -> set[str | None]:
        return {request.headers.get("Authorization") for request in self.seen}

    async def serve(self, request: web.Request) -> web.Response:
        await request.read()
        assert request.transport is not None
        certificate = request.transport.get_extra_info("peercert")
        names = dict(pair for part in certificate["subject"] for pair in part) if certificate else {}
        self.seen.append(Seen(request.method, request.path, request.headers.copy(), names.get("commonName")))
        body, status = await self.answer(request)
        response = web.json_response(body, status=status, headers=PRODUCT)
        response.force_close()
        return response

    async def answer(self, request: web.Request) -> tuple[dict[str, Any], int]:
        if self.status != 200:
            return {"error": {"type": "security_exception", "reason": "refused"}, "status": self.status}, self.status
        if request.path.endswith("/_bulk"):
            return CREATED, 200
        if request.path.strip("/") in ("", "es"):
            return INFO, 200
        return {"error": {"type": "security_exception", "reason": "may not look"}, "status": 403}, 403


@asynccontextmanager
async def serving(context: ssl.SSLContext | None, cluster: Cluster | None = None) -> AsyncIterator[Cluster]:
    """Let a cluster listen with the TLS context, or without TLS."""
    cluster = cluster or Cluster()
    cluster.secure = context is not None
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", cluster.serve)
    async with listen(application, port=cluster.port, ssl_context=context) as cluster.port:
        yield cluster


@dataclass
class ConnectProxy:
    """An HTTP proxy. Every tunnel leads to `target` on this machine; what is sent without one is answered here."""

    target: int = 0
    port: int = 0
    wants: str | None = None
    """The Proxy-Authorization that it insists on."""
    heads: list[str] = field(default_factory=list)
    """The head of every request that it could read."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            if self.wants is not None and f"Proxy-Authorization: {self.wants}\r\n" not in head:
                await _respond(writer, "407 Proxy Authentication Required", b"")
            elif head.startswith("CONNECT "):
                await self._tunnel(reader, writer)
            else:
                await _respond(writer, "200 OK", json.dumps(CREATED).encode())
        finally:
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))


async def _respond(writer: asyncio.StreamWriter, status: str, body: bytes) -> None:
    head = f"HTTP/1.1 {status}\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass  # one side has gone; so does the other
    finally:
        writer.close()


@asynccontextmanager
async def proxying(proxy: ConnectProxy) -> AsyncIterator[ConnectProxy]:
    """Let the proxy listen."""
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


def output_policy(hosts: str | list[str] | None = None, **keys: Any) -> ElasticsearchOutput:
    """An output as it would be after loading."""
    return ElasticsearchOutput.model_validate({"type": "elasticsearch", **({"hosts": hosts} if hosts else {}), **keys})


@asynccontextmanager
async def connected(output: ElasticsearchOutput) -> AsyncIterator[BulkClient]:
    """The client that the daemon would make of the output."""
    client = BulkClient(client_settings(output), compression_level=0)
    try:
        yield client
    finally:
        await client.close()


def chain_with_root(authority: trustme.CA, leaf: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context that shows its authority too, as Elasticsearch does after a fresh installation."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with leaf.private_key_pem.tempfile() as key, trustme.Blob(_chain(authority, leaf)).tempfile() as chain:
        context.load_cert_chain(chain, key)
    return context


def _chain(authority: trustme.CA, leaf: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in (*leaf.cert_chain_pems, authority.cert_pem))


def fingerprint(pem: trustme.Blob) -> str:
    """The SHA-256 fingerprint of the first certificate in a PEM text, as openssl prints it."""
    return x509.load_pem_x509_certificate(pem.bytes()).fingerprint(hashes.SHA256()).hex(":").upper()
