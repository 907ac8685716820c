"""An Entra ID emulator: logs applications in over TLS, as `azure-identity` and MSAL ask for it.

Promised: the OpenID configuration of a tenant; the token endpoint for the grant `client_credentials` with a client
secret, with an assertion signed by a registered certificate, and with a federated token (workload identity); the
errors of the real service in their form, status and code. It is strict: tenant, client, secret, signature, audience
and times are checked. The managed identity endpoint of a machine stands beside it, on plain HTTP as on a real one.

Not promised: users, refresh tokens, consent, scopes that are checked against permissions; tokens are opaque texts,
which `EntraEmulator.owner_of` resolves for other emulators.

    async with EntraEmulator([Application(...)], ssl_context=context) as entra:
        ClientSecretCredential(entra.tenant, client_id, secret, authority=entra.authority)
"""

from collector.emulators.entra.applications import Application
from collector.emulators.entra.emulator import EntraEmulator
from collector.emulators.entra.tokens import IssuedToken

__all__ = ["Application", "EntraEmulator", "IssuedToken"]
