"""What must become of a record: said by the generator that wrote it, before the collector has seen it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from collector.demo.fleet import Deployment, Resource


class Fate(StrEnum):
    """Where a record, or what is left of one, must be found."""

    INDEXED = "indexed"
    DEAD_LETTER = "dead letter"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One document that must exist.

    ``correlation_id``, ``status`` and ``deployment`` are what the document must show under these names, None where the
    record holds no such thing; of a dead letter only its existence and position are foretold. ``category`` is the
    record's own and is None when it has none. ``why`` says in a word what kind of record this is.
    """

    fate: Fate
    why: str
    category: str | None = None
    correlation_id: str | None = None
    status: int | None = None
    deployment: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a deployment, as the service itself counts it, whatever becomes of its log record.

    ``answered`` is when the answer was complete; tokens are those of a call that succeeded, else 0.
    """

    resource: Resource
    deployment: Deployment
    status: int
    stream_type: str
    api: str
    answered: datetime
    milliseconds: float
    request_bytes: int
    response_bytes: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record as Azure would send it, the document that it must become, and the call of a deployment behind it."""

    text: str
    expected: Expectation
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """The body of one Event Hubs event; ``shape`` names how it was packed or broken."""

    body: bytes
    shape: str
    expected: tuple[Expectation, ...]


def expect_dead_letter(why: str) -> Expectation:
    """Foretell one dead letter."""
    return Expectation(fate=Fate.DEAD_LETTER, why=why)
