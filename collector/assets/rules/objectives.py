"""Service level objectives: ``dashboards/slos/*.yml``, one a file, and the templates that the package ships of them.

Kibana needs a platinum licence for SLOs; for others there are rules of the same objectives (`budgets.py`). An SLO
counts documents by the time of the event, and never looks back behind its delay, so that is longer than Azure takes to
send its records.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from collector.assets.rules.sources import ID_PREFIX, read_folder
from collector.assets.rules.templates import TAGS

_LATEST_ARRIVAL: Final = "15m"
DAYS: Final = 30
"""How long a budget lasts."""


class ObjectiveSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An objective over 30 days: the share of requests, or of other things that are counted, that were good.

    Attributes:
        name: what people read.
        description: what is counted.
        index: the index pattern it reads, of every namespace.
        filter: a KQL query that all documents of it match.
        good: a KQL query of the good ones.
        total: a KQL query of those that are counted at all.
        target: the share that is promised, of 1.
        by: the fields whose values make groups, each with a budget of its own.
    """

    name: str
    description: str
    index: str
    filter: str
    good: str
    total: str
    target: float
    by: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what leaves no budget."""
        if not 0 < self.target < 1:
            raise ValueError("a target lies between 0 and 1, and is neither")


def load_objectives(folder: Path | None = None) -> Mapping[str, ObjectiveSource]:
    """Read every objective, by id.

    Raises:
        AssetError: a file is no objective.
    """
    return {f"{ID_PREFIX}{stem}-slo": source for stem, source in read_folder(ObjectiveSource, "slos", folder).items()}


def build_objective(objective_id: str, source: ObjectiveSource) -> dict[str, Any]:
    """Build the saved object of an SLO template."""
    params = {
        "index": source.index,
        "filter": source.filter.strip(),
        "good": source.good,
        "total": source.total,
        "timestampField": "@timestamp",
    }
    return {
        "id": objective_id,
        "type": "slo_template",
        "attributes": {
            "name": source.name,
            "description": source.description,
            "indicator": {"type": "sli.kql.custom", "params": params},
            "budgetingMethod": "occurrences",
            "timeWindow": {"duration": f"{DAYS}d", "type": "rolling"},
            "objective": {"target": source.target},
            "settings": {"syncDelay": _LATEST_ARRIVAL, "frequency": "1m"},
            "groupBy": list(source.by),
            "tags": list(TAGS),
        },
    }
