"""The emulator as its users see it: the login host over TLS, and the machine's managed identity endpoint."""

import hmac
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import override

from aiohttp import web

from collector.emulators.entra.applications import Application
from collector.emulators.entra.errors import (
    LoginRefusedError,
    expired_secret,
    no_login,
    unknown_application,
    unknown_grant,
    unknown_resource,
    unknown_tenant,
    unmatched_federation,
    wrong_scope,
    wrong_secret,
)
from collector.emulators.entra.tokens import LIFETIME_S, IssuedToken, TokenBook, check_assertion
from collector.emulators.listening import HttpEmulator

DEFAULT_TENANT = "11111111-1111-4111-8111-111111111111"
AUDIENCES = frozenset(
    {
        "https://eventhubs.azure.net",
        "https://storage.azure.com",
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://management.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",
        "https://metrics.monitor.azure.com",
        "https://metrics.monitor.azure.us",
        "https://metrics.monitor.azure.cn",
    }
)
"""What tokens can be for: event hubs, storage, Resource Manager and Azure Monitor's metrics, in all clouds."""

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEFAULT_SCOPE = "/.default"


class EntraEmulator(HttpEmulator):
    """Serves logins from an event loop."""

    def __init__(  # noqa: PLR0913 - each of them is a choice of its own
        self,
        applications: Iterable[Application],
        *,
        ssl_context: ssl.SSLContext,
        tenant: str = DEFAULT_TENANT,
        host: str = "127.0.0.1",
        port: int = 0,
        lifetime_s: int = LIFETIME_S,
        audiences: Collection[str] = AUDIENCES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare an emulator; `start` makes it listen.

        Args:
            applications: who may log in.
            ssl_context: a server's context; its certificate must be good for `localhost`.
            tenant: the id of the one directory.
            host: the address to listen at.
            port: the port of the login host; 0 takes a free one, as the managed identity endpoint always does.
            lifetime_s: how long a token is good for.
            audiences: what tokens can be for.
            clock: tells the time in seconds since 1970.
        """
        super().__init__(host)
        self.tenant = tenant
        self.port = port
        self.identity_port = 0
        self.requests: list[str] = []
        """The path of every request to the login host, in order."""
        self._applications = {application.client_id: application for application in applications}
        self._tokens = TokenBook(clock)
        self._lifetime_s = lifetime_s
        self._audiences = frozenset(audiences)
        self._clock = clock
        self._ssl_context = ssl_context

    @property
    def authority(self) -> str:
        """The login host, as a client wants it."""
        return f"https://localhost:{self.port}"

    @property
    def identity_endpoint(self) -> str:
        """The managed identity endpoint, as AZURE_POD_IDENTITY_AUTHORITY_HOST wants it."""
        return f"http://{self._host}:{self.identity_port}"

    def owner_of(self, token: str) -> IssuedToken | None:
        """Return whom a token was given to; None when it is unknown or too old."""
        return self._tokens.find(token)

    def look_up(self, token: str) -> IssuedToken | None:
        """Return whom a token was given to, also when it is too old; None when it is unknown."""
        return self._tokens.look_up(token)

    @override
    async def start(self) -> None:
        """Listen. Tokens stay good over a stop.

        Raises:
            OSError: the address cannot be listened at.
        """
        login = web.Application(middlewares=[self._note])
        login.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._describe)
        login.router.add_post("/{tenant}/oauth2/v2.0/token", self._log_in)
        identity = web.Application()
        identity.router.add_get("/metadata/identity/oauth2/token", self._identify)
        self.port = await self._listen(login, self.port, self._ssl_context)
        self.identity_port = await self._listen(identity, 0, None)

    @web.middleware
    async def _note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(request.path)
        try:
            return await handler(request)
        except LoginRefusedError as refusal:
            return web.json_response(refusal.render(), status=refusal.status)

    async def _describe(self, request: web.Request) -> web.Response:
        base = f"{self.authority}/{self._check_tenant(request)}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    async def _log_in(self, request: web.Request) -> web.Response:
        tenant = self._check_tenant(request)
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        if form.get("grant_type") != "client_credentials":
            raise unknown_grant(form.get("grant_type", ""))
        application = self._applications.get(form.get("client_id", ""))
        if application is None:
            raise unknown_application(form.get("client_id", ""), tenant)
        self._check_login(application, form, f"{self.authority}/{tenant}/oauth2/v2.0/token")
        scope = form.get("scope", "")
        if not scope.endswith(_DEFAULT_SCOPE) or " " in scope:
            raise wrong_scope(scope)
        token = self._issue(application, scope.removesuffix(_DEFAULT_SCOPE))
        times = {"expires_in": self._lifetime_s, "ext_expires_in": self._lifetime_s}
        return web.json_response({"token_type": "Bearer", **times, "access_token": token})

    async def _identify(self, request: web.Request) -> web.Response:
        """Answer as the Instance Metadata Service does (learn.microsoft.com, "How to use managed identities")."""
        if request.headers.get("Metadata") != "true":
            return _refuse_identity("Required metadata header not specified")
        resource, wanted = request.query.get("resource", ""), request.query.get("client_id")
        managed = [each for each in self._applications.values() if each.managed and wanted in {None, each.client_id}]
        if not managed or not resource:
            return _refuse_identity("Identity not found")
        token = self._issue(managed[0], resource)
        return web.json_response(
            {
                "access_token": token,
                "client_id": managed[0].client_id,
                "expires_in": str(self._lifetime_s),
                "expires_on": str(int(self._clock()) + self._lifetime_s),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    def _issue(self, application: Application, resource: str) -> str:
        """Return a new token, unless nothing of that name takes any."""
        if resource.rstrip("/") not in self._audiences:
            raise unknown_resource(resource, self.tenant)
        return self._tokens.issue(application.client_id, resource, self._lifetime_s)

    def _check_tenant(self, request: web.Request) -> str:
        tenant = request.match_info["tenant"]
        if tenant.lower() != self.tenant.lower():
            raise unknown_tenant(tenant)
        return tenant

    def _check_login(self, application: Application, form: dict[str, str], audience: str) -> None:
        assertion = form.get("client_assertion")
        if assertion is not None and form.get("client_assertion_type") == _JWT_BEARER:
            _check_assertion(application, assertion, audience)
        elif "client_secret" in form:
            secret = application.secret
            if secret is None or not hmac.compare_digest(form["client_secret"].encode(), secret.encode()):
                raise wrong_secret(application.client_id)
            if application.secret_expires_at is not None and application.secret_expires_at <= self._clock():
                raise expired_secret(application.client_id)
        else:
            raise no_login()


def _check_assertion(application: Application, assertion: str, audience: str) -> None:
    if any(hmac.compare_digest(assertion.encode(), token.encode()) for token in application.federated_tokens):
        return
    if not application.certificates:
        raise unmatched_federation()
    check_assertion(assertion, application.client_id, audience, application.certificates)


def _refuse_identity(text: str) -> web.Response:
    return web.json_response({"error": "invalid_request", "error_description": text}, status=400)
