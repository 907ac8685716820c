"""Alerting rules, in the order of Kibana's own checks. They are kept and never run."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from collector.emulators.kibana.connectors import Connectors
from collector.emulators.kibana.errors import RefusedError, bad_request, conflict, forbidden, no_saved_object
from collector.emulators.kibana.instance import Instance
from collector.emulators.kibana.routes import NOTHING, Answer, Ask, Route
from collector.emulators.kibana.rule_types import RULE_TYPES, RuleType
from collector.emulators.kibana.schema import (
    InvalidError,
    anything,
    boolean,
    duration,
    listed,
    literal,
    mapped,
    nullable,
    number,
    record,
    text,
)

_NOTIFY: Final = literal("onActionGroupChange", "onActiveAlert", "onThrottleInterval")
_FREQUENCY: Final = record({"summary": boolean, "notify_when": _NOTIFY, "throttle": nullable(duration)})
_ACTION: Final = record(
    {"id": text()},
    {
        "group": text(),
        "params": mapped(anything),
        "uuid": text(),
        "frequency": _FREQUENCY,
        "alerts_filter": mapped(anything),
        "use_alert_data_for_template": boolean,
    },
    defaults={"params": {}},
)
_CHANGEABLE: Final = {
    "params": mapped(anything),
    "tags": listed(text()),
    "actions": listed(_ACTION),
    "throttle": nullable(duration),
    "notify_when": nullable(_NOTIFY),
    "alert_delay": record({"active": number()}),
    "flapping": nullable(
        record({"look_back_window": number(2, 20), "status_change_threshold": number(2, 20)}, {"enabled": boolean})
    ),
    "artifacts": record(
        {}, {"dashboards": listed(record({"id": text()})), "investigation_guide": record({"blob": text()})}
    ),
}
_NEEDED: Final = {"name": text(), "schedule": record({"interval": duration})}
_DEFAULTS: Final[Mapping[str, object]] = {"params": {}, "tags": [], "actions": []}
_CREATE: Final = record(
    {**_NEEDED, "rule_type_id": text(), "consumer": text()},
    {**_CHANGEABLE, "enabled": boolean},
    defaults={**_DEFAULTS, "enabled": True},
)
_UPDATE: Final = record(_NEEDED, _CHANGEABLE, defaults=_DEFAULTS)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass
class _Rule:
    id: str
    space: str
    owner: str
    created_at: str
    body: dict[str, Any]
    revision: int = 0
    updated_at: str = ""
    updated_by: str = ""


@dataclass
class Rules:
    """Serves rules."""

    instance: Instance
    connectors: Connectors
    _rules: dict[str, _Rule] = field(default_factory=dict[str, _Rule])

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        base = "/api/alerting/rule"
        yield Route("GET", "/api/alerting/rule_types", self._list_types)
        yield Route("POST", f"{base}/{{id?}}", self._create, body=_CREATE)
        yield Route("PUT", f"{base}/{{id}}", self._update, body=_UPDATE)
        yield Route("GET", f"{base}/{{id}}", self._get)
        yield Route("DELETE", f"{base}/{{id}}", self._delete)
        yield Route("POST", f"{base}/{{id}}/_enable", self._enable)
        disable = nullable(record({}, {"untrack": boolean}))
        yield Route("POST", f"{base}/{{id}}/_disable", self._disable, body=disable)

    def list_ids(self, space: str) -> list[str]:
        """Return the ids of all rules in a space."""
        return [each.id for each in self._rules.values() if each.space == space]

    def _list_types(self, ask: Ask) -> Answer:
        licence = self.instance.licence
        types = [each.write(ask.user, ask.space, licence) for each in RULE_TYPES.values()]
        return Answer([each for each in types if each["authorized_consumers"]])

    def _create(self, ask: Ask) -> Answer:
        body = ask.body
        kind = _find_type(body["rule_type_id"])
        _authorize(ask, kind, body["consumer"], "create")
        self._check(ask, kind, body)
        rule_id = ask.parts.get("id") or str(uuid.uuid4())
        if rule_id in self._rules:
            raise conflict(f"Saved object [alert/{rule_id}] conflict")
        rule = _Rule(rule_id, ask.space, ask.user.name, self.instance.write_time(), body)
        self._rules[rule_id] = rule
        return Answer(self._store(rule, ask))

    def _update(self, ask: Ask) -> Answer:
        rule, kind = self._find(ask, "update")
        self._check(ask, kind, ask.body)
        kept = {name: rule.body[name] for name in ("rule_type_id", "consumer", "enabled")}
        rule.body = {**kept, **ask.body}
        rule.revision += 1
        return Answer(self._store(rule, ask))

    def _get(self, ask: Ask) -> Answer:
        rule, _ = self._find(ask, "get")
        return Answer(_write(rule))

    def _delete(self, ask: Ask) -> Answer:
        rule, _ = self._find(ask, "delete")
        del self._rules[rule.id]
        return NOTHING

    def _enable(self, ask: Ask) -> Answer:
        rule, kind = self._find(ask, "enable")
        self._check_licence(kind)
        rule.body["enabled"] = True
        return NOTHING

    def _disable(self, ask: Ask) -> Answer:
        rule, _ = self._find(ask, "disable")
        rule.body["enabled"] = False
        return NOTHING

    def _find(self, ask: Ask, verb: str) -> tuple[_Rule, RuleType]:
        rule = self._rules.get(ask.parts["id"])
        if rule is None or rule.space != ask.space:
            raise no_saved_object("alert", ask.parts["id"])
        kind = RULE_TYPES[rule.body["rule_type_id"]]
        _authorize(ask, kind, rule.body["consumer"], verb)
        return rule, kind

    def _check(self, ask: Ask, kind: RuleType, body: dict[str, Any]) -> None:
        self._check_licence(kind)
        try:
            body["params"] = kind.params(body["params"], "")
        except InvalidError as error:
            raise bad_request(f"params invalid: {error}") from None
        mistakes = [*self._find_mistakes(ask, kind, body)]
        if mistakes:
            raise bad_request(
                f"Failed to validate actions due to the following {_count(mistakes)}:\n{' '.join(mistakes)}"
            )

    def _check_licence(self, kind: RuleType) -> None:
        if not self.instance.licence.covers(kind.licence):
            raise forbidden(
                f"Rule type {kind.id} is disabled because it requires a {kind.licence.capitalize()} license. Go to "
                "License Management to view upgrade options."
            )

    def _find_mistakes(self, ask: Ask, kind: RuleType, body: Mapping[str, Any]) -> Iterable[str]:
        """What is wrong with the actions of a rule."""
        actions: Sequence[Mapping[str, Any]] = body["actions"]
        known = [(each, self.connectors.find(each["id"], ask.space)) for each in actions]
        unknown = [each["id"] for each, connector in known if connector is None]
        if unknown:
            raise _unknown_connectors(unknown)
        if actions and not ask.user.may("actions", "read", ask.space):
            raise forbidden("Unauthorized to get actions")
        lacking = [connector.name for _, connector in known if connector and connector.lacks_secrets]
        if lacking:
            yield f"Invalid connectors: {', '.join(lacking)}"
        strange = [str(each.get("group")) for each in actions if each.get("group") not in kind.all_groups]
        if strange:
            yield f"Invalid action groups: {', '.join(strange)}"
        uuids = [each["uuid"] for each in actions if "uuid" in each]
        if len(set(uuids)) < len(uuids):
            yield "Actions have duplicated UUIDs"
        yield from _find_frequency_mistakes(body, actions)

    def _store(self, rule: _Rule, ask: Ask) -> dict[str, Any]:
        rule.updated_at, rule.updated_by = self.instance.write_time(), ask.user.name
        for action in rule.body["actions"]:
            action.setdefault("uuid", str(uuid.uuid4()))
            connector = self.connectors.find(action["id"], ask.space)
            action["connector_type_id"] = connector.type if connector else ""
        return _write(rule)


def _find_type(type_id: str) -> RuleType:
    if type_id not in RULE_TYPES:
        raise bad_request(f'Rule type "{type_id}" is not registered.')
    return RULE_TYPES[type_id]


def _authorize(ask: Ask, kind: RuleType, consumer: str, verb: str) -> None:
    granted = kind.list_consumers(ask.user, ask.space).get(consumer, {})
    if not granted.get("read" if verb == "get" else "all"):
        raise forbidden(f'Unauthorized by "{consumer}" to {verb} "{kind.id}" rule')


def _find_frequency_mistakes(body: Mapping[str, Any], actions: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    of_rule = body.get("notify_when") is not None or body.get("throttle") is not None
    frequencies = [each["frequency"] for each in actions if "frequency" in each]
    if of_rule and frequencies:
        yield (
            "Cannot specify per-action frequency params when notify_when or throttle are defined at the rule level: "
            f"{', '.join(each['id'] for each in actions)}"
        )
    if not of_rule and len(frequencies) < len(actions):
        yield f"Actions missing frequency parameters: {', '.join(each['id'] for each in actions)}"
    interval = _seconds(body["schedule"]["interval"])
    if any(each["throttle"] and _seconds(each["throttle"]) < interval for each in frequencies):
        yield f"Action throttle cannot be shorter than the schedule interval of {body['schedule']['interval']}"


def _unknown_connectors(ids: Sequence[str]) -> RefusedError:
    return bad_request(", ".join(f"Saved object [action/{each}] not found" for each in ids))


def _count(mistakes: Sequence[str]) -> str:
    return "error" if len(mistakes) == 1 else f"{len(mistakes)} errors"


def _seconds(span: str) -> int:
    return int(span[:-1]) * _UNITS[span[-1]]


def _write(rule: _Rule) -> dict[str, Any]:
    """A rule as answers hold it."""
    return {
        "id": rule.id,
        **rule.body,
        "created_by": rule.owner,
        "updated_by": rule.updated_by,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
        "api_key_owner": rule.owner,
        "api_key_created_by_user": False,
        "mute_all": False,
        "muted_alert_ids": [],
        "execution_status": {"status": "pending", "last_execution_date": rule.updated_at},
        "revision": rule.revision,
        "running": False,
    }
