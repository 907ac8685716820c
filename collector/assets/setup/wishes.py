"""What a person asked for on the command line, beyond what is always installed."""

from dataclasses import dataclass
from pathlib import Path

from collector.policy.secret import Secret


@dataclass(frozen=True, slots=True)
class Login:
    """How Kibana is reached: one API key, or a user with a password, or neither.

    ``api_key`` is ``id:key`` or encoded, as a policy takes it. ``authority`` is the PEM file that signed the server's
    certificate, where the system does not know it.
    """

    url: str
    api_key: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class KibanaWishes:
    """What is installed into Kibana on request only.

    ``connector`` is the id of an existing connector that rules notify; none means rules without actions.
    ``overwrite_rules`` brings back what a user changed in a rule.
    """

    rules: bool = False
    connector: str | None = None
    slos: bool = False
    ml: bool = False
    overwrite_rules: bool = False
