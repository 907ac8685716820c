"""The connector that rules notify, and what is said through it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from collector.assets.setup.kibana.connection import Kibana, segment
from collector.assets.setup.refusal import RefusalError

_OPTION: Final = "--connector"
_RECOVERED: Final = "recovered"
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    ".es-query": ("query matched",),
    "observability.rules.custom_threshold": ("custom_threshold.fired",),
    "slo.rules.burnRate": ("slo.burnRate.alert", "slo.burnRate.high"),
}
"""The action groups in which rules of a type of ours alert."""
_REASONS: Final = {".es-query": "{{context.title}}: {{context.message}}"}
_REASON: Final = "{{rule.name}}: {{context.reason}}"
_OVER: Final = "{{rule.name}}: over for {{alert.id}}"


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector that exists."""

    id: str
    type: str

    def build_actions(self, rule_type: str) -> list[dict[str, Any]]:
        """Build what a rule does when an alert begins, and when it ends."""
        groups = (*_GROUPS[rule_type], _RECOVERED)
        return [self._build_action(group, _REASONS.get(rule_type, _REASON)) for group in groups]

    def _build_action(self, group: str, reason: str) -> dict[str, Any]:
        over = group == _RECOVERED
        params = _write_params(self.type, _OVER if over else reason, over=over)
        frequency = {"summary": False, "notify_when": "onActionGroupChange", "throttle": None}
        return {"id": self.id, "group": group, "params": params, "frequency": frequency}


async def find_connector(kibana: Kibana, connector_id: str) -> Connector:
    """Find the connector of an id.

    Raises:
        RefusalError: there is none, it cannot be used, or its type asks for what only a person knows.
    """
    reply = await kibana.get(f"/api/actions/connector/{segment(connector_id)}")
    if reply.missing:
        raise RefusalError(
            f"there is no connector {connector_id} in space {kibana.space}",
            where=_OPTION,
            fix=f"Choose one of: {await _list_connectors(kibana)}",
        )
    if not reply.ok:
        raise reply.refuse(_OPTION, "Choose another one")
    if reply.body.get("is_missing_secrets"):
        raise RefusalError(
            f"connector {connector_id} has no secrets", where=_OPTION, fix="Enter them in Kibana, under Connectors"
        )
    kind = str(reply.body["connector_type_id"])
    if _write_params(kind, "", over=False) is None:
        raise RefusalError(
            f"connector {connector_id} is of type {kind}, which asks for what only you know",
            where=_OPTION,
            fix=f"Run this without {_OPTION}, and add actions to the rules in Kibana",
        )
    return Connector(connector_id, kind)


async def _list_connectors(kibana: Kibana) -> str:
    reply = await kibana.get("/api/actions/connectors")
    known = [f"{each['id']} ({each['name']})" for each in reply.body] if reply.ok else []
    return ", ".join(known) or "none is there, make one in Kibana first"


def _write_params(kind: str, message: str, *, over: bool) -> dict[str, Any] | None:
    """What a connector of a type is given; None when the type is not known here."""
    document = {"@timestamp": "{{date}}", "message": message, "rule": {"name": "{{rule.name}}"}}
    incident = {"eventAction": "resolve" if over else "trigger", "dedupKey": "{{rule.id}}:{{alert.id}}"}
    known: Mapping[str, dict[str, Any]] = {
        ".server-log": {"level": "info" if over else "warn", "message": message},
        ".slack": {"message": message},
        ".teams": {"message": message},
        ".index": {"documents": [document]},
        ".webhook": {"body": json.dumps(document)},
        ".pagerduty": incident if over else {**incident, "severity": "error", "summary": message},
        ".opsgenie": {
            "subAction": "closeAlert" if over else "createAlert",
            "subActionParams": {"alias": incident["dedupKey"], **({} if over else {"message": message})},
        },
    }
    return known.get(kind)
