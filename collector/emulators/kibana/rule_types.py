"""The rule types that there are, and who may use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from collector.emulators.kibana.access import User
from collector.emulators.kibana.instance import Licence
from collector.emulators.kibana.rule_params import (
    check_anomaly_alert,
    check_burn_rate,
    check_custom_threshold,
    check_es_query,
)
from collector.emulators.kibana.schema import Check

_STACK: Final = ("stackAlerts", "alerts")


@dataclass(frozen=True, slots=True)
class RuleType:
    """A rule type.

    Attributes:
        id: its id.
        name: what people read.
        producer: the feature that it belongs to, a consumer too.
        groups: the action groups, but for the one of recovery that every type has.
        params: the form of its parameters.
        licence: the least that it needs.
        consumers: besides the producer, by the feature that grants them.
    """

    id: str
    name: str
    producer: str
    groups: tuple[str, ...]
    params: Check
    licence: Licence = Licence.BASIC
    consumers: tuple[str, ...] = _STACK

    @property
    def all_groups(self) -> tuple[str, ...]:
        """Every action group."""
        return (*self.groups, "recovered")

    def list_consumers(self, user: User, space: str) -> dict[str, dict[str, bool]]:
        """Which consumers a user may see, and may write."""
        names = dict.fromkeys((self.producer, *self.consumers))
        granted = {name: name if name == self.producer else _feature(name) for name in names}
        return {
            name: {"read": True, "all": user.may(feature, "all", space)}
            for name, feature in granted.items()
            if user.may(feature, "read", space)
        }

    def write(self, user: User, space: str, licence: Licence) -> dict[str, Any]:
        """Return it as lists of types hold it."""
        return {
            "id": self.id,
            "name": self.name,
            "producer": self.producer,
            "category": "observability",
            "action_groups": [{"id": each, "name": each.capitalize()} for each in self.all_groups],
            "recovery_action_group": {"id": "recovered", "name": "Recovered"},
            "default_action_group_id": self.groups[0],
            "minimum_license_required": self.licence.value,
            "enabled_in_license": licence.covers(self.licence),
            "is_exportable": True,
            "authorized_consumers": self.list_consumers(user, space),
        }


def _feature(consumer: str) -> str:
    """The feature that grants a consumer."""
    return "stackAlerts" if consumer in _STACK or consumer == "discover" else consumer


_TYPES: Final = (
    RuleType(
        ".es-query",
        "Elasticsearch query",
        "stackAlerts",
        ("query matched",),
        check_es_query,
        consumers=("stackAlerts", "alerts", "discover", "logs", "infrastructure", "observability"),
    ),
    RuleType(
        "observability.rules.custom_threshold",
        "Custom threshold",
        "observability",
        ("custom_threshold.fired", "custom_threshold.nodata"),
        check_custom_threshold,
        consumers=("stackAlerts", "logs", "infrastructure"),
    ),
    RuleType(
        "slo.rules.burnRate",
        "SLO burn rate",
        "slo",
        tuple(f"slo.burnRate.{each}" for each in ("alert", "high", "medium", "low", "suppressed")),
        check_burn_rate,
        Licence.PLATINUM,
        (),
    ),
    RuleType(
        "xpack.ml.anomaly_detection_alert",
        "Anomaly detection",
        "ml",
        ("anomaly_score_match",),
        check_anomaly_alert,
        Licence.PLATINUM,
        ("stackAlerts",),
    ),
)
RULE_TYPES: Final[Mapping[str, RuleType]] = {each.id: each for each in _TYPES}
"""By id. Kibana has more."""
