"""The emulator as its users see it: both APIs over TLS, and what tests steer them by."""

import ssl
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, override

from aiohttp import web

from collector.emulators.azure_monitor.access import (
    MANAGEMENT_AUDIENCES,
    METRICS_AUDIENCES,
    Access,
    Roles,
    Tokens,
)
from collector.emulators.azure_monitor.arrival import Arrival
from collector.emulators.azure_monitor.batches import ACTION, Batch, BatchReader, find_batch, parse_body
from collector.emulators.azure_monitor.cloud import Cloud
from collector.emulators.azure_monitor.definitions import Definitions
from collector.emulators.azure_monitor.errors import unknown_path
from collector.emulators.azure_monitor.estate import Estate
from collector.emulators.azure_monitor.faults import Faults
from collector.emulators.azure_monitor.front import Answer, Answering, Entry, Front
from collector.emulators.azure_monitor.history import History, Ledger
from collector.emulators.azure_monitor.management import ResourceManager
from collector.emulators.azure_monitor.observations import Observations
from collector.emulators.azure_monitor.routes import Ask, find_route
from collector.emulators.azure_monitor.throttling import Limits, Throttle
from collector.emulators.azure_monitor.traffic import SeededTraffic
from collector.emulators.listening import HttpEmulator

DEFAULT_TENANT: Final = "11111111-1111-4111-8111-111111111111"

# The journal of a long run keeps the newest requests only.
_JOURNAL_SIZE: Final = 100_000
_PAGE_SIZE: Final = 25


def _now() -> datetime:
    return datetime.now(UTC)


class AzureMonitorEmulator(HttpEmulator):
    """Serves metrics of an estate from an event loop.

    Attributes:
        journal: every request, in order of their answers.
        faults: what befalls requests.
        roles: who has Monitoring Reader, and where; nobody has at first.
        definitions: which metrics there are.
        ledger: what is true in the end.
    """

    def __init__(  # noqa: PLR0913 - each of them is a choice of its own
        self,
        estate: Estate,
        *,
        ssl_context: ssl.SSLContext,
        tokens: Tokens,
        seed: int = 0,
        observations: Observations | None = None,
        arrival: Arrival | None = None,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = _now,
        tenant: str = DEFAULT_TENANT,
        management_audiences: Sequence[str] = MANAGEMENT_AUDIENCES,
        metrics_audiences: Sequence[str] = METRICS_AUDIENCES,
        page_size: int = _PAGE_SIZE,
        host: str = "127.0.0.1",
        port: int = 0,
        metrics_port: int = 0,
    ) -> None:
        """Prepare an emulator; `start` makes it listen.

        Args:
            estate: what there is.
            ssl_context: a server's context; its certificate must be good for `localhost`.
            tokens: resolves tokens; `EntraEmulator.look_up` does.
            seed: the same seed gives the same values and the same fates.
            observations: the values; made-up traffic of the seed unless given.
            arrival: when values can be read; with the seed, and with nothing late, unless given.
            limits: the speed limits; Azure's unless given.
            clock: tells the time; must return times with a time zone.
            tenant: the directory that challenges name.
            management_audiences: what tokens for Resource Manager must be for; differs by cloud.
            metrics_audiences: what tokens for the data plane must be for; differs by cloud.
            page_size: how many items a list has before it names a next page.
            host: the address to listen at.
            port: the port of Resource Manager; 0 takes a free one.
            metrics_port: the port of the data plane; 0 takes a free one.
        """
        super().__init__(host)
        self.estate = estate
        self.port = port
        self.metrics_port = metrics_port
        self.journal: deque[Entry] = deque(maxlen=_JOURNAL_SIZE)
        self.faults = Faults()
        self.definitions = Definitions()
        self.roles = Roles(clock)
        history = History(observations or SeededTraffic(seed), arrival or Arrival(seed))
        self.ledger = Ledger(estate, self.definitions, history)
        self._access = Access(tokens, self.roles, tenant, clock)
        self._throttle = Throttle(limits or Limits(), clock)
        cloud = Cloud(estate, self.definitions, history, self._access, self._throttle)
        self._manager = ResourceManager(cloud, tenant=tenant, page_size=page_size)
        self._batches = BatchReader(cloud, seed)
        self._management_audiences = management_audiences
        self._metrics_audiences = metrics_audiences
        self._clock = clock
        self._ssl_context = ssl_context

    @property
    def resource_manager_endpoint(self) -> str:
        """The endpoint of Resource Manager."""
        return f"https://localhost:{self.port}"

    @property
    def metrics_endpoint_template(self) -> str:
        """The endpoint of the data plane, with `{region}` where the name of a region goes."""
        return f"https://localhost:{self.metrics_port}/{{region}}"

    def metrics_endpoint(self, region: str) -> str:
        """Return the endpoint of the data plane in a region, as `MetricsClient` wants it."""
        return self.metrics_endpoint_template.format(region=region)

    def count(self, action: str = "") -> int:
        """Return how many requests were for an action; all of them without one."""
        return sum(1 for each in self.journal if action in {"", each.action})

    @override
    async def start(self) -> None:
        """Listen. From here on `port` and `metrics_port` are the real ones.

        Raises:
            OSError: a port is taken.
        """
        manager = self._serve(self._manage, data_plane=False)
        data_plane = self._serve(self._read_batch, data_plane=True)
        self.port = await self._listen(manager, self.port, self._ssl_context)
        self.metrics_port = await self._listen(data_plane, self.metrics_port, self._ssl_context)

    def _serve(self, answer: Answering, *, data_plane: bool) -> web.Application:
        application = web.Application()
        front = Front(answer, self.journal, self._clock, data_plane=data_plane)
        application.router.add_route("*", "/{path:.*}", front.handle)
        return application

    async def _manage(self, request: web.Request, entry: Entry) -> Answer:
        """Answer a request to Resource Manager."""
        found = find_route(request.path) if request.method == "GET" else None
        if found is not None:
            route, parts = found
            entry.action, entry.right, entry.subscription = route.action, route.right, parts.get("subscription", "")
            entry.resources = (parts["id"],) if "id" in parts else ()
        await self.faults.meet(entry.action)
        client = self._access.identify(request.headers.get("Authorization"), self._management_audiences)
        left = self._throttle.count_read(client, entry.subscription.lower())
        if found is None:
            raise unknown_path(request.path)
        route, parts = found
        url = f"{self.resource_manager_endpoint}{request.path}"
        ask = Ask(client, url, parts, entry.parameters, entry.at)
        return self._manager.answer(route, ask), {"x-ms-ratelimit-remaining-subscription-reads": str(left)}

    async def _read_batch(self, request: web.Request, entry: Entry) -> Answer:
        """Answer a request to the data plane."""
        found = find_batch(request.path) if request.method == "POST" else None
        if found is not None:
            entry.action = ACTION
            entry.region, entry.subscription = found
        await self.faults.meet(entry.action)
        client = self._access.identify(request.headers.get("Authorization"), self._metrics_audiences)
        if found is None:
            raise unknown_path(request.path)
        entry.resources = parse_body(await request.read())
        batch = Batch(client, entry.region, entry.subscription, entry.parameters, entry.resources, entry.at)
        return self._batches.answer(batch), {}
