"""The way of a request to its route, in Kibana's order, and the journal of all of them.

XSRF header, space, login, route, origin of internal routes, version header, privileges, media type, form of parameters
and body; then the route itself.
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from collector.emulators.kibana.access import User, Users
from collector.emulators.kibana.errors import (
    RefusedError,
    bad_request,
    forbidden_route,
    not_found,
    wrong_media_type,
)
from collector.emulators.kibana.instance import DEFAULT_SPACE, Instance
from collector.emulators.kibana.routes import JSON, Answer, Ask, Route, find_route
from collector.emulators.kibana.schema import InvalidError

VERSION_HEADER: Final = "elastic-api-version"
XSRF_HEADER: Final = "kbn-xsrf"
_ORIGIN_HEADER: Final = "x-elastic-internal-origin"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SPACE: Final = re.compile(r"/s/(?P<space>[a-z0-9_\-]+)(?P<rest>/.*)")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(slots=True)
class Entry:
    """One request of the journal.

    Attributes:
        method: its HTTP method.
        path: its path below the space, without its parameters.
        space: the space it was for.
        route: the path of its route, such as `/api/alerting/rule/{id?}`; empty when its path led nowhere.
        query: its parameters.
        headers: under lower-case names, without the login.
        content: its body.
        status: the HTTP status of the answer.
        user: who asked; empty when nobody had logged in.
    """

    method: str
    path: str
    space: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    route: str = ""
    status: int = 0
    user: str = ""

    @property
    def changes(self) -> bool:
        """Whether such a request may change something; an export and the like only read."""
        return self.method not in _SAFE_METHODS and not self.path.endswith(("/_export", "/_bulk_get"))


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault on order: the next request of a method, or of any, whose path contains a text is refused."""

    path: str
    method: str
    error: RefusedError


@dataclass
class Front:
    """Takes requests of a Kibana to its routes."""

    instance: Instance
    users: Users
    routes: Iterable[Route]
    journal: deque[Entry]
    faults: list[Fault] = field(default_factory=list[Fault])

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        entry = await _write_down(request)
        self.journal.append(entry)
        headers = {"kbn-name": "emulated", "kbn-license-sig": "emulated"}
        try:
            answer = self._answer(request, entry)
        except RefusedError as refusal:
            answer = Answer(refusal.render(), refusal.status, refusal.headers)
        entry.status = answer.status
        version = request.headers.get(VERSION_HEADER)
        headers |= {VERSION_HEADER: version} if version and answer.status < HTTPStatus.BAD_REQUEST else {}
        return _render(answer, headers)

    def _answer(self, request: web.Request, entry: Entry) -> Answer:
        self._check_headers(request)
        found = find_route(self.routes, entry.method, entry.path)
        user = self._identify(request, anonymous=found is not None and found[0].anonymous)
        entry.user = "" if user is None else user.name
        if entry.space not in self.instance.spaces or found is None:
            raise not_found()
        route, parts = found
        entry.route = route.path
        self._meet_fault(entry)
        self._check_version(route, request)
        user = user or User("")
        _check_privileges(user, route, entry)
        ask = Ask(user, entry.space, parts, *_read(route, entry), request.headers.get("Content-Type", ""))
        return route.answer(ask)

    def _check_headers(self, request: web.Request) -> None:
        expected = request.headers.get("kbn-version")
        if expected is not None and expected != self.instance.version:
            raise bad_request(
                f'Browser client is out of date, please refresh the page ("kbn-version" header was "{expected}" but '
                f'should be "{self.instance.version}")',
                {"expected": self.instance.version, "got": expected},
            )
        if request.method not in _SAFE_METHODS and not request.headers.get(XSRF_HEADER) and expected is None:
            raise bad_request("Request must contain a kbn-xsrf header.")

    def _identify(self, request: web.Request, *, anonymous: bool) -> User | None:
        authorization = request.headers.get("Authorization")
        return None if anonymous and not authorization else self.users.identify(authorization)

    def _meet_fault(self, entry: Entry) -> None:
        for fault in self.faults:
            if fault.path in entry.path and fault.method in {"", entry.method}:
                self.faults.remove(fault)
                raise fault.error

    def _check_version(self, route: Route, request: web.Request) -> None:
        if route.internal and self.instance.hides_internal_routes and not request.headers.get(_ORIGIN_HEADER):
            raise bad_request(
                f"uri [{request.path}] with method [{request.method.lower()}] exists but is not available with the "
                "current configuration"
            )
        version = request.headers.get(VERSION_HEADER)
        if not route.versioned or version is None:
            if route.internal and route.versioned:
                raise bad_request(
                    f"Please specify a version via {VERSION_HEADER} header. Available versions: [{route.version}]"
                )
            return
        if not route.internal and not _DATE.fullmatch(version):
            raise bad_request(
                f'Invalid version. Received "{version}", expected a valid date string formatted as YYYY-MM-DD.'
            )
        if version != route.version:
            raise bad_request(
                f'No version "{version}" available for [{request.method.lower()}] [{route.path}]. Available versions '
                f"are: [{route.version}]"
            )


def _check_privileges(user: User, route: Route, entry: Entry) -> None:
    lacking = [f"{feature}.{level}" for feature, level in route.privileges if not user.may(feature, level, entry.space)]
    if lacking:
        raise forbidden_route(entry.method, entry.path, lacking)


def _read(route: Route, entry: Entry) -> tuple[Any, Any]:
    """The checked parameters and body."""
    media_type = entry.headers.get("content-type", "").partition(";")[0].strip().lower()
    if entry.content and media_type not in route.media_types:
        raise wrong_media_type(media_type)
    try:
        query = route.query({**entry.query}, "request query")
        if route.takes_bytes:
            return query, entry.content
        if route.body is None:
            return query, None
        return query, route.body(_parse(entry.content), "request body")
    except InvalidError as error:
        raise bad_request(str(error)) from None


def _parse(content: bytes) -> object:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise bad_request("Invalid request payload JSON format") from None


async def _write_down(request: web.Request) -> Entry:
    found = _SPACE.fullmatch(request.path)
    return Entry(
        request.method,
        found["rest"] if found else request.path,
        found["space"] if found else DEFAULT_SPACE,
        dict(request.query),
        {name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"},
        await request.read(),
    )


def _render(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    further = {**headers, **answer.headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=further)
    if isinstance(answer.body, bytes):
        return web.Response(body=answer.body, status=answer.status, headers=further)
    return web.json_response(answer.body, status=answer.status, headers=further, content_type=JSON)
