"""The words for a rule as it is shipped, and for what a run of it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

type Group = tuple[str, ...]
"""The values of the fields by which a rule groups; empty for a rule that does not."""
type Found = Mapping[Group, float]
"""The groups that match at a run, each with its value."""


class UnknownRuleError(Exception):
    """A template uses what the runner does not know. The message names the rule and the feature."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as Kibana would hold it.

    Attributes:
        id: the id of its template.
        name: what people read.
        type_id: Kibana's id of the rule type.
        interval: how often it runs.
        delay: how many runs in a row must match before there is an alert.
        params: the parameters of the rule type, as they are stored.
    """

    id: str
    name: str
    type_id: str
    interval: timedelta
    delay: int
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of one group, from the run that raised it to the run that found it gone; None if none did."""

    group: Group
    raised: datetime
    recovered: datetime | None
