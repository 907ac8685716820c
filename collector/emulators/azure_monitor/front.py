"""The front of either API: turns requests into answers or refusals, and keeps the journal."""

import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

from aiohttp import web

from collector.emulators.azure_monitor.errors import RequestRefusedError
from collector.emulators.azure_monitor.faults import ConnectionCutError
from collector.emulators.azure_monitor.inventory import Document

type Answer = tuple[Document, Mapping[str, str]]
"""A body and further headers."""

type Answering = Callable[[web.Request, "Entry"], Awaitable[Answer]]


@dataclass(slots=True)
class Entry:
    """One request of the journal.

    Attributes:
        at: when it came.
        action: what it was for, such as `getBatch` or `listAccounts`; empty when its path led nowhere.
        right: what a role must allow for it; empty outside Resource Manager.
        status: the HTTP status of the answer; 0 when there was none.
        subscription: that of its path.
        region: of the endpoint it came to; empty behind Resource Manager.
        resources: the resource ids that it was about.
        parameters: its parameters, under lower-case names.
    """

    at: datetime
    action: str = ""
    right: str = ""
    status: int = 0
    subscription: str = ""
    region: str = ""
    resources: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])


class Front:
    """Answers the requests that come to one port."""

    def __init__(
        self, answer: Answering, journal: deque[Entry], clock: Callable[[], datetime], *, data_plane: bool
    ) -> None:
        """`answer` raises refusals, which this one renders as the API does."""
        self._answer = answer
        self._journal = journal
        self._clock = clock
        self._data_plane = data_plane

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        now = self._clock()
        parameters = {name.lower(): value for name, value in request.query.items()}
        entry = Entry(now, parameters=parameters)
        headers = {"Date": format_datetime(now, usegmt=True), "x-ms-request-id": str(uuid.uuid4())}
        body: Mapping[str, object]
        try:
            body, further = await self._answer(request, entry)
            entry.status = HTTPStatus.OK
        except RequestRefusedError as refusal:
            body, further = refusal.render(data_plane=self._data_plane), refusal.headers
            entry.status = refusal.status
        except ConnectionCutError:
            body, further = {}, {}
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._journal.append(entry)
        return web.json_response(body, status=entry.status or HTTPStatus.OK, headers={**headers, **further})
