"""What an application is known by: secrets, certificates, federated tokens."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Application:
    """An application of the tenant.

    Attributes:
        client_id: its id.
        secret: its client secret, if it has one.
        certificates: PEM texts of the certificates whose keys may sign its assertions.
        federated_tokens: tokens of another issuer (a Kubernetes service account) that stand for it.
        managed: whether the machine has it as its managed identity.
        secret_expires_at: when the secret is over, in seconds since 1970; None for never.
    """

    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificates: tuple[str, ...] = ()
    federated_tokens: tuple[str, ...] = field(default=(), repr=False)
    managed: bool = False
    secret_expires_at: float | None = None
