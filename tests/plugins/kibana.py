"""The Kibana emulator, and a client without any knowledge of it.

    async def test_...(kibana):
        reply = await kibana.call("GET", "/api/status")
        assert reply.status == 200

`kibana` is 9.2.1 with a basic licence, its superuser and one connector, `pager`. A test with another one opens it with
`open_kibana_rig(Instance(licence=Licence.TRIAL))`.
"""

import base64
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from collector.emulators.kibana import Connector, Instance, KibanaEmulator, User

ADMIN = User("elastic", password="canary-password", superuser=True)
PAGER = Connector("pager", "Pager", ".index")


@dataclass
class KibanaClock:
    """The time of the emulator."""

    now: datetime = datetime(2026, 11, 21, 10, 30, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class KibanaReply:
    """An answer; lines are those of an export."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def message(self) -> str:
        return str(self.body["message"])


@dataclass
class KibanaRig:
    """A running emulator and a session."""

    emulator: KibanaEmulator
    clock: KibanaClock
    session: aiohttp.ClientSession

    async def call(  # noqa: PLR0913 - what a request can have
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: User | None = ADMIN,
        space: str = "",
        headers: Mapping[str, str | None] | None = None,
        data: Any = None,
    ) -> KibanaReply:
        """Send a request as a careful client does; a header of None is left out."""
        wanted: dict[str, str | None] = {"kbn-xsrf": "true"} | _log_in(user) | dict(headers or {})
        prefix = f"/s/{space}" if space else ""
        async with self.session.request(
            method,
            f"http://localhost:{self.emulator.port}{prefix}{path}",
            json=body,
            data=data,
            headers={name: value for name, value in wanted.items() if value is not None},
        ) as reply:
            content = await reply.read()
            return KibanaReply(reply.status, _read(content, reply.content_type), reply.headers)

    async def import_lines(
        self, lines: Sequence[Mapping[str, Any]], query: str = "", *, name: str = "assets.ndjson", **options: Any
    ) -> KibanaReply:
        """Import saved objects as Kibana's own page does."""
        form = aiohttp.FormData()
        content = "\n".join(json.dumps(each) for each in lines)
        form.add_field("file", content, filename=name, content_type="application/ndjson")
        return await self.call("POST", f"/api/saved_objects/_import{query}", data=form, **options)

    async def upload(self, archive: bytes, media_type: str = "application/zip", **options: Any) -> KibanaReply:
        """Upload a package."""
        headers = {"Content-Type": media_type}
        return await self.call("POST", "/api/fleet/epm/packages", data=io.BytesIO(archive), headers=headers, **options)


def _log_in(user: User | None) -> dict[str, str | None]:
    if user is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(f'{user.name}:{user.password}'.encode()).decode()}"}


def _read(content: bytes, media_type: str) -> Any:
    if media_type == "application/ndjson":
        return [json.loads(each) for each in content.splitlines()]
    return json.loads(content) if content else None


@asynccontextmanager
async def open_kibana_rig(instance: Instance | None = None, **options: Any) -> AsyncIterator[KibanaRig]:
    """Run an emulator; `options` go to it."""
    clock = KibanaClock()
    instance = instance or Instance()
    instance.clock = clock
    settings: dict[str, Any] = {"users": [ADMIN], "connectors": [PAGER]} | options
    async with KibanaEmulator(instance=instance, **settings) as emulator, aiohttp.ClientSession() as session:
        yield KibanaRig(emulator, clock, session)


@pytest.fixture
async def kibana() -> AsyncIterator[KibanaRig]:
    """A Kibana with a basic licence."""
    async with open_kibana_rig() as rig:
        yield rig
