"""The gap ledger: every minute without a value, with its reason, until it is closed or declared lost.

A gap is a run of minutes of one *scope*: one resource and one group of metrics with the same dimensions.
"""

from enum import StrEnum

import msgspec


class GapReason(StrEnum):
    """Why minutes are empty."""

    NOT_RUNNING = "not_running"
    """Nobody asked: the collector was stopped, or did not know the resource."""
    THROTTLED = "throttled"
    """Azure asked for a pause."""
    UNAVAILABLE = "unavailable"
    """Azure gave no answer, or an error for one metric."""
    REFUSED = "refused"
    """Azure would not answer: login, role, no such resource, a question it does not take."""
    NO_VALUE = "no_value"
    """Azure answered and has no value: nothing happened in these minutes, or Azure lost it. The two look the same."""
    RESTATED = "restated"
    """Azure changed values after their document was written. The document keeps the earlier ones."""


class GapState(StrEnum):
    """What became of a gap."""

    OPEN = "open"
    """The minutes may still get their values."""
    CLOSED = "closed"
    """The values came and are written."""
    LOST = "lost"
    """They are not in Elasticsearch and will not be."""


class Gap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of minutes without a value, or with values that Azure restated."""

    resource: str
    """The resource id in lower case."""
    group: str
    """The group of metrics: the names of their dimensions, joined with ``+``."""
    start: int
    """The first minute, counted since 1970."""
    end: int
    """The minute after the last."""
    reason: GapReason
    state: GapState = GapState.OPEN
    since: int = 0
    """When it was noticed, in seconds since 1970."""
    settled: int = 0
    """When it was closed or declared lost; 0 while it is open."""
    documents: int = 0
    """For ``restated``: how many documents keep an earlier value."""
    detail: str = ""

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start
