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


@dataclass(frozen=True, slots=True)
class ElasticsearchWishes:
    """What is done in Elasticsearch on request only.

    ``rollover`` rolls over the data streams that lack something of the templates. ``another_key`` makes an API key
    although there is one. ``with_data`` lets a removal delete the data streams with their documents. With ``fleet``
    pipelines and templates are left to Fleet.
    """

    rollover: bool = False
    another_key: bool = False
    with_data: bool = False
    fleet: bool = False
