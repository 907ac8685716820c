"""The way to Kibana: one session, one space; every failure of it is a refusal that says what to do."""

import base64
import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

import aiohttp

from collector.assets.setup.kibana.privileges import advise_for
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import Login
from collector.replies import BoundedResponse

DEFAULT_SPACE: Final = "default"
OLDEST: Final = (8, 16)
"""The oldest Kibana that the dashboards are written for."""

_PUBLIC: Final = {"elastic-api-version": "2023-10-31"}
_INTERNAL: Final = {"elastic-api-version": "1", "x-elastic-internal-origin": "Kibana"}
_TIMEOUT: Final = aiohttp.ClientTimeout(total=300, sock_connect=15)
LICENCE_FIX: Final = "Update the licence, or start a trial in Kibana under Stack Management, License Management"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request for a path.

    ``body`` is its JSON, a list of objects for an export, and None where there is no such thing.
    """

    status: int
    body: Any
    headers: Mapping[str, str]
    path: str

    @property
    def ok(self) -> bool:
        """Whether the request was taken."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def missing(self) -> bool:
        """Whether there is nothing under that address."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def message(self) -> str:
        """Kibana's own words, in one line; empty where something else answered."""
        return " ".join(_look_up(self.body, "message").split()).rstrip(".")

    def refuse(self, where: str, fix: str = "") -> RefusalError:
        """Return the refusal that this answer is; without a licence or privilege the fix is always the same."""
        if self.status == HTTPStatus.FORBIDDEN:
            fix = LICENCE_FIX if "license" in self.message.lower() else advise_for(self.path)
        said = f"Kibana says: {self.message} (status {self.status})"
        return RefusalError(said if self.message else f"it answered with status {self.status}", where=where, fix=fix)


@dataclass(frozen=True, slots=True)
class Kibana:
    """A space of a Kibana, logged in.

    Attributes:
        url: its address.
        space: the space's id.
        licence: the kind of licence, such as ``basic``; empty when Kibana does not tell.
    """

    session: aiohttp.ClientSession
    url: str
    space: str = DEFAULT_SPACE
    licence: str = ""

    async def get(self, path: str) -> Reply:
        """Read what lies below the space."""
        return await self.send("GET", path)

    async def send(
        self, method: str, path: str, body: object = None, *, data: Any = None, media_type: str | None = None
    ) -> Reply:
        """Send a request; the answer may be of any status but 401.

        Args:
            method: its HTTP method.
            path: the path below the space, such as ``/api/status``.
            body: what is sent as JSON.
            data: what is sent in another form.
            media_type: of `data`, unless it says so itself.

        Raises:
            RefusalError: Kibana cannot be reached, or does not know the login.
        """
        headers = dict(_INTERNAL if path.startswith("/internal/") else _PUBLIC)
        headers |= {"Content-Type": media_type} if media_type else {}
        prefix = "" if self.space == DEFAULT_SPACE else f"/s/{self.space}"
        url = f"{self.url}{prefix}{path}"
        try:
            async with self.session.request(
                method, url, json=body, data=data, headers=headers, allow_redirects=False
            ) as response:
                content = await response.read()
                reply = Reply(response.status, _parse(content, response.content_type), response.headers, path)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable(self.url, error) from error
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise RefusalError(
                "Kibana does not know this login (status 401)",
                where=self.url,
                fix="Check the API key, or the user name and its password",
            )
        if reply.ok and content and reply.body is None:
            raise _no_kibana(self.url, reply)
        return reply

    @property
    def has_platinum(self) -> bool | None:
        """Whether the licence allows SLOs and anomaly jobs; None when Kibana does not tell which it is."""
        return self.licence in {"platinum", "enterprise", "trial"} if self.licence else None


@asynccontextmanager
async def open_kibana(login: Login, space: str) -> AsyncGenerator[Kibana]:
    """Log in to a space of Kibana, having found that it is one, new enough, and has the space.

    Raises:
        RefusalError: it is not, or cannot be reached.
    """
    url = _check_address(login.url)
    headers = {"kbn-xsrf": "aoai-collector", **_authorization(login)}
    connector = aiohttp.TCPConnector(ssl=_trust(login) if url.startswith("https:") else True)
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, timeout=_TIMEOUT, response_class=BoundedResponse
    ) as session:
        anywhere = Kibana(session, url)
        await _check_instance(anywhere)
        await _check_space(anywhere, space)
        yield Kibana(session, url, space, await _read_licence(anywhere))


def segment(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="")


def _check_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RefusalError(
            "this is no address",
            where="--kibana",
            fix="Write it with its scheme, as in https://kibana.example.org:5601",
        )
    if parts.username or parts.password:
        raise RefusalError(
            "the address holds a credential", where="--kibana", fix="Give the user by --username, and take it out there"
        )
    return url.rstrip("/")


def _authorization(login: Login) -> dict[str, str]:
    if login.api_key is not None:
        key = login.api_key.reveal()
        return {"Authorization": f"ApiKey {_encode(key) if ':' in key else key}"}
    if login.username is not None:
        password = login.password.reveal() if login.password else ""
        return {"Authorization": f"Basic {_encode(f'{login.username}:{password}')}"}
    return {}


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _trust(login: Login) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=login.authority)
    except (OSError, ssl.SSLError) as error:
        raise RefusalError(
            f"{login.authority} cannot be used: {error}", where="--ca", fix="Give the authority's certificate as PEM"
        ) from error


def _unreachable(url: str, error: Exception) -> RefusalError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason, fix = str(error.certificate_error), "Give the file of the authority that signed it by --ca"
    elif isinstance(error, aiohttp.ClientSSLError):
        reason, fix = str(error.strerror or error), "Check whether it speaks TLS: an address begins with https or http"
    elif isinstance(error, aiohttp.ClientConnectorError):
        reason, fix = error.strerror or str(error.os_error), "Check the address, and whether Kibana runs there"
    elif isinstance(error, TimeoutError):
        reason, fix = "it did not answer in time", "Check the address, and whether a firewall is in the way"
    else:
        reason, fix = str(error) or type(error).__name__, "Check the address, and whether it begins with https or http"
    return RefusalError(f"it cannot be reached: {reason}", where=url, fix=fix)


def _parse(content: bytes, media_type: str) -> Any:
    try:
        if media_type == "application/ndjson":
            return [json.loads(each) for each in content.splitlines() if each.strip()]
        return json.loads(content) if content else None
    except ValueError:
        return None


async def _check_instance(kibana: Kibana) -> None:
    """Find out that this is a Kibana, that it is up, and new enough."""
    reply = await kibana.get("/api/status")
    level = _look_up(reply.body, "status", "overall", "level")
    number = _look_up(reply.body, "version", "number")
    if not level:
        raise _no_kibana(kibana.url, reply)
    if not number:
        raise RefusalError(
            "Kibana tells its version to users only",
            where=kibana.url,
            fix="Log in: AOAI_SETUP_API_KEY, or --username with AOAI_SETUP_PASSWORD",
        )
    if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
        fix = "Look at its status page, and run this again when it is available"
        raise RefusalError(f"Kibana is {level}", where=kibana.url, fix=fix)
    version = tuple(int(each) for each in number.partition("-")[0].split("."))
    if version < OLDEST:
        oldest = ".".join(str(each) for each in OLDEST)
        raise RefusalError(f"Kibana {number} is too old", where=kibana.url, fix=f"Update it to {oldest} or later")


def _no_kibana(url: str, reply: Reply) -> RefusalError:
    fix = "Check the address: Kibana's port is 5601 unless it was changed"
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        target = reply.headers.get("Location", "")
        return RefusalError(f"it sends us to {target}", where=url, fix="Give that address, if Kibana is there")
    if "no handler found" in str(reply.body):
        return RefusalError("this is Elasticsearch, not Kibana", where=url, fix=fix)
    return RefusalError(f"this is not Kibana: it answered with status {reply.status}", where=url, fix=fix)


async def _check_space(kibana: Kibana, space: str) -> None:
    reply = await kibana.get("/api/spaces/space")
    if not reply.ok:
        raise reply.refuse(kibana.url, "Give the user a role with privileges in Kibana")
    spaces = [str(each["id"]) for each in reply.body]
    if space not in spaces:
        known = f"It may enter: {', '.join(spaces)}" if spaces else "It may enter none"
        raise RefusalError(
            f"there is no space {space}, or this login may not enter it",
            where=kibana.url,
            fix=f"Choose another --space, or make it in Kibana first. {known}",
        )


async def _read_licence(kibana: Kibana) -> str:
    return _look_up((await kibana.get("/api/licensing/info")).body, "license", "type")


def _look_up(body: Any, *path: str) -> str:
    """The text at a path of an answer; empty where there is none."""
    for name in path:
        body = cast("dict[str, Any]", body).get(name) if isinstance(body, dict) else None
    return str(body or "")
