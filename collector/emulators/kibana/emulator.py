"""The emulator as its users see it: one port, and what tests steer it by."""

import ssl
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, override

from aiohttp import web

from collector.emulators.kibana.access import User, Users
from collector.emulators.kibana.administration import Administration
from collector.emulators.kibana.anomaly_jobs import AnomalyJobs
from collector.emulators.kibana.connectors import Connector, Connectors
from collector.emulators.kibana.data_views import DataViews
from collector.emulators.kibana.errors import RefusedError
from collector.emulators.kibana.exporting import Exporting
from collector.emulators.kibana.fleet_policies import FleetPolicies
from collector.emulators.kibana.front import Entry, Fault, Front
from collector.emulators.kibana.importing import Importing
from collector.emulators.kibana.instance import Instance
from collector.emulators.kibana.objectives import Objectives
from collector.emulators.kibana.packages import Packages
from collector.emulators.kibana.routes import Route
from collector.emulators.kibana.rules import Rules
from collector.emulators.kibana.saved_objects import SavedObjects
from collector.emulators.listening import HttpEmulator

_JOURNAL_SIZE: Final = 100_000
_LARGEST_BODY: Final = 128 * 1024 * 1024


class KibanaEmulator(HttpEmulator):
    """Serves a Kibana from an event loop.

    Attributes:
        instance: its version, licence, spaces and clock; may be changed while it runs.
        journal: every request, in order of their arrival.
        saved_objects: what is stored.
        jobs: the anomaly detection jobs.
        rules: the alerting rules.
        objectives: the SLOs.
        policies: the policies of Fleet.
    """

    def __init__(  # noqa: PLR0913 - each of them is a choice of its own
        self,
        users: Sequence[User],
        *,
        instance: Instance | None = None,
        connectors: Sequence[Connector] = (),
        ssl_context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Prepare an emulator; `start` makes it listen.

        Args:
            users: who may log in.
            instance: what Kibana it is; 9.2.1 with a basic licence unless given.
            connectors: the connectors that there are.
            ssl_context: a server's context; plain HTTP without one.
            host: the address to listen at.
            port: the port; 0 takes a free one.
        """
        super().__init__(host)
        self.port = port
        self.instance = instance or Instance()
        self.journal: deque[Entry] = deque(maxlen=_JOURNAL_SIZE)
        self.saved_objects = SavedObjects(self.instance)
        self.jobs = AnomalyJobs(self.instance, self.saved_objects)
        self.rules = Rules(self.instance, Connectors(connectors))
        self.objectives = Objectives(self.instance)
        self._packages = Packages(self.instance, self.saved_objects)
        self.policies = FleetPolicies(self.instance, self._packages)
        self._ssl_context = ssl_context
        self._front = Front(self.instance, Users(users), tuple(self._list_routes()), self.journal)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._ssl_context else 'http'}://localhost:{self.port}"

    @property
    def changes(self) -> list[Entry]:
        """The requests that were to change something."""
        return [each for each in self.journal if each.changes]

    def refuse_next(self, path: str, error: RefusedError, *, method: str = "") -> None:
        """Let the next request fail whose path contains a text; of one method only, if it is given."""
        self._front.faults.append(Fault(path, method, error))

    @override
    async def start(self) -> None:
        """Listen. From here on `port` is the real one.

        Raises:
            OSError: the port is taken.
        """
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._front.handle)
        self.port = await self._listen(application, self.port, self._ssl_context)

    def _list_routes(self) -> Iterable[Route]:
        yield from Administration(self.instance).routes()
        yield from Exporting(self.saved_objects).routes()
        yield from Importing(self.saved_objects).routes()
        yield from DataViews(self.saved_objects).routes()
        yield from self.rules.routes()
        yield from self.rules.connectors.routes()
        yield from self.objectives.routes()
        yield from self.jobs.routes()
        yield from self._packages.routes()
        yield from self.policies.routes()
