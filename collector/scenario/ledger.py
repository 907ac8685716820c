"""What is true of a day: its calls, and what follows from them for each kind of record that Azure keeps."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from collector.scenario.calls import Call, KeyListing, Place
from collector.scenario.conditions import Incident
from collector.scenario.prices import Usage, price


@dataclass(frozen=True, slots=True)
class MeteredMinute:
    """Calls that Azure Monitor counts together: of one minute, deployment, status and kind of answer."""

    minute: datetime
    place: Place
    status: int
    streamed: bool
    calls: tuple[Call, ...]

    @property
    def usage(self) -> Usage | None:
        """Their tokens together; None where none has any. Azure Monitor does not tell which were cached."""
        used = [call.usage for call in self.calls if call.usage is not None]
        if not used:
            return None
        return Usage(sum(usage.input_tokens for usage in used), sum(usage.output_tokens for usage in used))

    @property
    def cost(self) -> float | None:
        """What these tokens cost by the kind of the deployment; None where they have no price."""
        usage = self.usage
        if usage is None:
            return None
        return price(self.place.model, self.minute.date(), usage, sku=self.place.sku, one_call=False)


@dataclass(frozen=True)
class Ledger:
    """A day, from ``start`` to before ``end``, in the order of time."""

    start: datetime
    end: datetime
    calls: tuple[Call, ...]
    key_listings: tuple[KeyListing, ...]
    incidents: tuple[Incident, ...]

    @cached_property
    def logged(self) -> Sequence[Call]:
        """Calls that Azure OpenAI itself has records of: all that were not refused before."""
        return [call for call in self.calls if not call.refused_at_gateway]

    @cached_property
    def at_gateway(self) -> Sequence[Call]:
        """Calls that API Management has a record of."""
        return [call for call in self.calls if call.through_gateway]

    @cached_property
    def metered(self) -> Sequence[MeteredMinute]:
        """What Azure Monitor counts: calls that reached a deployment, by the minute of their answer."""
        minutes: defaultdict[tuple[datetime, Place, int, bool], list[Call]] = defaultdict(list)
        for call in self.logged:
            if call.deployment is not None:
                minute = call.answered.replace(second=0, microsecond=0)
                minutes[minute, call.place, call.status, call.streamed].append(call)
        return [MeteredMinute(*key, tuple(calls)) for key, calls in minutes.items()]

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start
