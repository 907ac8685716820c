"""What is looked at, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What came of a look. Only FAILED keeps the collector from its work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_RUN = "not run"


class Row(StrEnum):
    """What is looked at, in the order in which it is shown."""

    POLICY = "policy"
    DNS = "dns"
    CONNECTION = "connection"
    TLS = "tls"
    CLOCK = "clock"
    LOGIN = "entra login"
    EVENT_HUB = "event hub"
    CONSUMER_GROUP = "consumer group"
    THROUGHPUT = "throughput units"
    CHECKPOINTS = "checkpoints"
    RESOURCES = "resources"
    DIAGNOSTICS = "diagnostic settings"
    ELASTICSEARCH = "elasticsearch"
    LICENCE = "licence"
    PRIVILEGES = "privileges"
    ASSETS = "assets"
    KIBANA = "kibana"


MEANINGS: Final[Mapping[Row, str]] = {
    Row.POLICY: "The policy can be read and has no mistake; keys of it that are not used are a warning.",
    Row.DNS: "The host's name, or that of the proxy before it, has an address.",
    Row.CONNECTION: "Its port answers, and the proxy lets us through.",
    Row.TLS: "Its certificate is one that the policy trusts; one that ends within 14 days is a warning.",
    Row.CLOCK: "This machine's clock is that of the server: more than 30 s apart is a warning, more than 5 minutes is "
    "what Entra ID and shared access signatures do not forgive.",
    Row.LOGIN: "Entra ID gives the stream's login a token.",
    Row.EVENT_HUB: "The hub is there, may be asked, and tells its partitions.",
    Row.CONSUMER_GROUP: "Each partition can be opened in the consumer group, with the right to listen; nobody reads it "
    "with an epoch but collectors that share the checkpoints. Readers without an epoch do not show.",
    Row.THROUGHPUT: "The tier of the hub's namespace and its throughput units, where the login of a stream of metrics "
    "may look at them; else *not known*.",
    Row.CHECKPOINTS: "The container, or the data folder, of positions can be written and read.",
    Row.RESOURCES: "Azure Resource Manager lets the login see resources to read metrics of: Monitoring Reader.",
    Row.DIAGNOSTICS: "The accounts found send request logs to a hub that the policy reads.",
    Row.ELASTICSEARCH: "Elasticsearch answers, takes the login, and is of a version that the pipelines are made for.",
    Row.LICENCE: "The cluster's licence is active; basic is enough.",
    Row.PRIVILEGES: "The login has what collecting needs (docs/elasticsearch-permissions.md).",
    Row.ASSETS: "Pipelines and templates are there and of this version.",
    Row.KIBANA: "Kibana answers, takes the login, and has the space; only with --kibana.",
}
"""What it means that a row is ok; docs/check.md is made from it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer.

    Attributes:
        row: what was looked at.
        target: where: a host, a stream, an output.
        outcome: what came of it.
        what: what was found, or why nothing was looked at, in one sentence without its full stop.
        fix: what the reader does next, in whole sentences; empty where nothing is to be done.
    """

    row: Row
    target: str
    outcome: Outcome
    what: str
    fix: str = ""

    @property
    def rank(self) -> tuple[int, str]:
        """The place among the others: by row, then by target."""
        return list(Row).index(self.row), self.target


def skip(row: Row, target: str, why: str) -> Finding:
    """Return that nothing was looked at."""
    return Finding(row, target, Outcome.NOT_RUN, why)


def fail(row: Row, target: str, text: str, fix: str = "", outcome: Outcome = Outcome.FAILED) -> Finding:
    """Return what is wrong; without `fix`, what stands behind the first colon of the text is what to do about it."""
    text = " ".join(text.split()).rstrip(". ")
    what, remedy = (text, fix) if fix else text.partition(": ")[::2]
    return Finding(row, target, outcome, what, f"{remedy[0].upper()}{remedy[1:].rstrip('.')}." if remedy else "")
