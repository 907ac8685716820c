"""Alert rules, of the templates that the package ships.

A threshold that a person changed is the person's: it is told, and kept. A rule that was switched off stays so, and
actions that were added stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from collector.assets.setup.asset import ABSENT, Asset, AssetId, Comparison, Kind, Place, State
from collector.assets.setup.differences import describe
from collector.assets.setup.kibana.connection import LICENCE_FIX, Kibana, segment
from collector.assets.setup.kibana.connectors import Connector
from collector.assets.setup.kibana.marks import Standing, judge, mark, scope, strip_marks
from collector.assets.setup.kibana.privileges import SLOS, STACK_RULES, advise
from collector.assets.setup.kibana.shipped import normalize
from collector.assets.setup.refusal import RefusalError

BURN_RATE: Final = "slo.rules.burnRate"
_CONSUMERS: Final = {BURN_RATE: "slo"}
_CONSUMER: Final = "stackAlerts"
_PARAMS: Final = frozenset(
    {
        *("criteria", "searchConfiguration", "groupBy", "alertOnNoData", "alertOnGroupDisappear"),
        *("searchType", "index", "timeField", "esQuery", "size", "timeWindowSize", "timeWindowUnit"),
        *("threshold", "thresholdComparator", "aggType", "excludeHitsFromPreviousRun"),
        *("sloId", "windows"),
    }
)
"""Parameters that are compared. Kibana may add others of its own."""


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What is the same for all rules of a run.

    Attributes:
        kibana: where they go.
        connector: what they notify; None for nothing.
        overwrite: whether what a person changed is brought back.
        types: what this login may do with each rule type, as Kibana lists them.
    """

    kibana: Kibana
    connector: Connector | None
    overwrite: bool
    types: Mapping[str, Mapping[str, Any]]


async def read_rule_types(kibana: Kibana) -> Mapping[str, Mapping[str, Any]]:
    """Read which rule types this login may use, by id.

    Raises:
        RefusalError: Kibana does not tell.
    """
    reply = await kibana.get("/api/alerting/rule_types")
    if not reply.ok:
        raise reply.refuse("alert rules", "Look at Kibana's log")
    return {str(each["id"]): each for each in reply.body}


class AlertRule(Asset):
    """One rule. ``reason`` says why this one is there, where another one could be."""

    place = Place.KIBANA

    def __init__(
        self,
        setting: RuleSetting,
        template: Mapping[str, Any],
        *,
        needs: frozenset[AssetId] = frozenset(),
        reason: str = "",
        retired: bool = False,
    ) -> None:
        """Make a rule of this template."""
        self._setting = setting
        self._id = scope(template["id"], setting.kibana.space)
        self._type = str(template["attributes"]["ruleTypeId"])
        self._shipped = _translate(template["attributes"])
        self._stored: Mapping[str, Any] | None = None
        self._words = (reason,) if reason else ()
        self.id = AssetId(Kind.RULE, template["id"])
        self.needs = needs
        self.retired = retired

    async def compare(self) -> Comparison:
        """Compare what is stored with what is shipped, and find out who made the difference."""
        reply = await self._setting.kibana.get(self._path)
        if reply.missing:
            return Comparison(ABSENT.state, self._words)
        if not reply.ok:
            raise reply.refuse(str(self.id), "Look at Kibana's log")
        self._stored = reply.body
        stored = read_content(reply.body)
        words = describe(_unfold(stored), _unfold(self._shipped))
        added = ("actions: the connector is added",) if self._lacks_actions else ()
        if self._keeps_changes:
            words = (*(f"{each}, kept as it was changed in Kibana" for each in words), *added)
            return Comparison(State.DIFFERENT if added else State.KEPT, words)
        state = State.DIFFERENT if words or added else State.CURRENT
        return Comparison(state, (*self._words, *words, *added))

    async def find_obstacle(self) -> RefusalError | None:
        """Look at what Kibana lists of the rule type: its licence, and who may write it."""
        kind = self._setting.types.get(self._type)
        if kind is not None and not kind["enabled_in_license"] and not self.retired:
            return RefusalError(
                f"rules of type {self._type} need a {kind['minimum_license_required']} licence",
                where=str(self.id),
                fix=LICENCE_FIX,
            )
        granted = (kind or {}).get("authorized_consumers", {}).get(self._consumer, {})
        if not granted.get("all"):
            return RefusalError(
                f"this login may not write rules of type {self._type} for {self._consumer}",
                where=str(self.id),
                fix=advise(SLOS if self._type == BURN_RATE else STACK_RULES),
            )
        return None

    async def write(self) -> None:
        """Create it, or bring it up to date; what a person changed stays, unless it is to be overwritten."""
        if self._stored is None:
            body = {**self._body(), "rule_type_id": self._type, "consumer": self._consumer}
            reply = await self._setting.kibana.send("POST", self._path, body)
        else:
            reply = await self._setting.kibana.send("PUT", self._path, self._body())
        if reply.status == HTTPStatus.CONFLICT:
            raise reply.refuse(str(self.id), "Another space has a rule of this id, or it was changed just now")
        if not reply.ok:
            raise reply.refuse(str(self.id), "Make the rule in Kibana by hand, or tell us")

    async def remove(self) -> None:
        """Delete it."""
        reply = await self._setting.kibana.send("DELETE", self._path)
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Delete it in Kibana, under Stack Management, Rules")

    @property
    def _path(self) -> str:
        return f"/api/alerting/rule/{segment(self._id)}"

    @property
    def _consumer(self) -> str:
        return _CONSUMERS.get(self._type, _CONSUMER)

    @property
    def _actions(self) -> Sequence[Mapping[str, Any]]:
        """The actions that are stored."""
        return (self._stored or {}).get("actions", ())

    @property
    def _lacks_actions(self) -> bool:
        connector = self._setting.connector
        return connector is not None and all(each["id"] != connector.id for each in self._actions)

    @property
    def _keeps_changes(self) -> bool:
        if self._stored is None or self._setting.overwrite:
            return False
        return judge(read_content(self._stored), self._shipped, self._stored["tags"]) is Standing.CHANGED

    def _body(self) -> dict[str, Any]:
        """What a creation and an update have in common; an update replaces all of it."""
        connector = self._setting.connector
        actions = [_clean_action(each) for each in self._actions]
        if connector is not None and self._lacks_actions:
            actions += connector.build_actions(self._type)
        stored = self._stored or {}
        kept = _THEIRS if not self._keeps_changes else (*_THEIRS, *self._shipped)
        body = {**self._shipped, "tags": [*self._shipped["tags"], mark(self._shipped)], "actions": actions}
        return body | {name: stored[name] for name in kept if stored.get(name) is not None}


_THEIRS: Final = ("throttle", "notify_when", "flapping", "artifacts")
"""What we never ship, and an update would take away."""
_ACTION: Final = ("id", "group", "params", "uuid", "frequency", "alerts_filter", "use_alert_data_for_template")


def _translate(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A template's attributes as the body of a rule, without what marks it."""
    return {
        "name": attributes["name"],
        "schedule": attributes["schedule"],
        "params": attributes["params"],
        "tags": list(attributes["tags"]),
        "alert_delay": attributes.get("alertDelay", {"active": 1}),
    }


def read_content(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared of a stored rule."""
    params = cast("Mapping[str, Any]", stored["params"])
    return {
        "name": stored["name"],
        "schedule": {"interval": stored["schedule"]["interval"]},
        "params": {name: value for name, value in params.items() if name in _PARAMS},
        "tags": strip_marks(stored["tags"]),
        "alert_delay": stored.get("alert_delay") or {"active": 1},
    }


def _unfold(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its only criterion in place of the list, so that words name what differs in it."""
    params: Mapping[str, Any] = normalize(content["params"])
    criteria = params.get("criteria", ())
    return {**content, "params": {**params, "criteria": criteria[0]} if len(criteria) == 1 else params}


def _clean_action(action: Mapping[str, Any]) -> dict[str, Any]:
    """A stored action as an update takes it."""
    return {name: action[name] for name in _ACTION if name in action}
