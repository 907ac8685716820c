"""Service level objectives: their definitions. No transform runs, so none has a value."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from collector.emulators.kibana.errors import bad_request, conflict, forbidden, not_found
from collector.emulators.kibana.instance import Instance, Licence
from collector.emulators.kibana.routes import NOTHING, Answer, Ask, Route
from collector.emulators.kibana.schema import (
    Check,
    InvalidError,
    anything,
    boolean,
    either,
    listed,
    literal,
    mapped,
    number,
    record,
    text,
)

_ID: Final = re.compile(r"[a-z0-9_-]{8,48}")
_WINDOWS: Final = {"rolling": ("7d", "30d", "90d"), "calendarAligned": ("1w", "1M")}
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_DELAY_S: Final = 6 * 3600
_LONGEST_FREQUENCY_S: Final = 3600
_EQUATION: Final = re.compile(r"[A-Z\d\s.()+\-*/><=?:&!|]+")

_WHERE: Final[Mapping[str, Check]] = {"index": text(at_least=1), "timestampField": text(at_least=1)}
_QUERY: Final = either(text(), record({"kqlQuery": text(), "filters": listed(mapped(anything))}))
_FURTHER: Final[Mapping[str, Check]] = {"filter": _QUERY, "dataViewId": text()}
_METRIC: Final = either(
    record({"name": text(r"^[A-Z]$"), "aggregation": literal("sum"), "field": text()}, {"filter": text()}),
    record({"name": text(r"^[A-Z]$"), "aggregation": literal("doc_count")}, {"filter": text()}),
)
_SUM: Final = record({"metrics": listed(_METRIC, 1), "equation": text(f"^{_EQUATION.pattern}$")})
_RANGE: Final = either(
    record({"field": text(), "aggregation": literal("value_count")}, {"filter": text()}),
    record({"field": text(), "aggregation": literal("range"), "from": number(), "to": number()}, {"filter": text()}),
)
_PARAMS: Final[Mapping[str, Check]] = {
    "sli.kql.custom": record({**_WHERE, "good": _QUERY, "total": _QUERY}, _FURTHER),
    "sli.metric.custom": record({**_WHERE, "good": _SUM, "total": _SUM}, _FURTHER),
    "sli.histogram.custom": record({**_WHERE, "good": _RANGE, "total": _RANGE}, _FURTHER),
}
_CHANGEABLE: Final[Mapping[str, Check]] = {
    "name": text(at_least=1),
    "description": text(),
    "indicator": record({"type": literal(*_PARAMS), "params": mapped(anything)}),
    "timeWindow": record({"duration": text(), "type": literal(*_WINDOWS)}),
    "budgetingMethod": literal("occurrences", "timeslices"),
    "objective": record({"target": number()}, {"timesliceTarget": number(), "timesliceWindow": text()}),
}
_OPTIONAL: Final[Mapping[str, Check]] = {
    "settings": record(
        {}, {"syncDelay": text(), "frequency": text(), "preventInitialBackfill": boolean, "syncField": text()}
    ),
    "tags": listed(text()),
    "groupBy": either(text(), listed(text())),
    "artifacts": record({}, {"dashboards": listed(record({"id": text()}))}),
}
_CREATE: Final = record(_CHANGEABLE, {**_OPTIONAL, "id": text(), "revision": number()})
_UPDATE: Final = record({}, {**_CHANGEABLE, **_OPTIONAL})
_SETTINGS: Final = {"syncDelay": "1m", "frequency": "1m", "preventInitialBackfill": False}


@dataclass
class Objectives:
    """Serves SLOs."""

    instance: Instance
    _slos: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _spaces: dict[str, str] = field(default_factory=dict[str, str])

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        base = "/api/observability/slos"
        instances = record({}, {"instanceId": text()})
        yield self._route("POST", base, self._create, "all", body=anything)
        yield self._route("GET", f"{base}/{{id}}", self._get, "read", query=instances)
        yield self._route("PUT", f"{base}/{{id}}", self._update, "all", body=anything)
        yield self._route("DELETE", f"{base}/{{id}}", self._delete, "all")

    def list_ids(self, space: str) -> list[str]:
        """Return the ids of all SLOs in a space."""
        return [slo_id for slo_id, where in self._spaces.items() if where == space]

    def _route(self, method: str, path: str, answer: Callable[[Ask], Answer], level: str, **further: Any) -> Route:
        return Route(method, path, self._licensed(answer), (("slo", level),), versioned=True, **further)

    def _licensed(self, answer: Callable[[Ask], Answer]) -> Callable[[Ask], Answer]:
        """The licence comes before anything that is wrong with a request."""

        def check(ask: Ask) -> Answer:
            if not self.instance.licence.covers(Licence.PLATINUM):
                raise forbidden("Platinum license or higher is needed to make use of this feature.")
            return answer(ask)

        return check

    def _create(self, ask: Ask) -> Answer:
        body = _decode(_CREATE, ask.body)
        slo_id = str(body.pop("id", "") or uuid.uuid4())
        if not _ID.fullmatch(slo_id):
            raise bad_request("Invalid id")
        if slo_id in self._slos:
            raise conflict(f"SLO [{slo_id}] already exists")
        now = self.instance.write_time()
        slo: dict[str, Any] = {
            "tags": [],
            "groupBy": "*",
            "revision": 1,
            **body,
            "id": slo_id,
            "enabled": True,
            "version": 2,
        }
        slo |= {"settings": {**_SETTINGS, **body.get("settings", {})}, "createdAt": now, "updatedAt": now}
        _check_domain(slo)
        self._slos[slo_id], self._spaces[slo_id] = slo, ask.space
        return Answer({"id": slo_id})

    def _get(self, ask: Ask) -> Answer:
        budget = {"initial": 0, "consumed": 0, "remaining": 1, "isEstimated": False}
        summary = {"status": "NO_DATA", "sliValue": -1, "errorBudget": budget}
        return Answer({**self._find(ask), "summary": summary, "groupings": {}, "instanceId": "*"})

    def _update(self, ask: Ask) -> Answer:
        former = self._find(ask)
        body = _decode(_UPDATE, ask.body)
        settings = {**former["settings"], **body.get("settings", {})}
        slo = {**former, **body, "settings": settings, "updatedAt": self.instance.write_time()}
        _check_domain(slo)
        slo["revision"] = former["revision"] + 1
        self._slos[former["id"]] = slo
        return Answer(slo)

    def _delete(self, ask: Ask) -> Answer:
        slo_id = self._find(ask)["id"]
        del self._slos[slo_id], self._spaces[slo_id]
        return NOTHING

    def _find(self, ask: Ask) -> dict[str, Any]:
        slo_id = ask.parts["id"]
        if self._spaces.get(slo_id) != ask.space:
            raise not_found(f"SLO [{slo_id}] not found")
        return self._slos[slo_id]


def _decode(check: Check, body: object) -> dict[str, Any]:
    """Check the form of a body, and speak of mistakes as the codecs of these routes do."""
    try:
        decoded: Any = check(body, "")
        if "indicator" in decoded:
            indicator = decoded["indicator"]
            indicator["params"] = _PARAMS[indicator["type"]](indicator["params"], "indicator.params")
    except InvalidError as error:
        place, _, reason = str(error).removeprefix("[").partition("]: ")
        if reason == "definition for this key is missing":
            raise bad_request(f"excess key '{place.replace('.', '/')}' found") from None
        value = _look_up(body, place)
        raise bad_request(f"Invalid value '{value}' supplied to: {place.replace('.', '/')}") from None
    return decoded


def _look_up(body: object, place: str) -> str:
    for name in place.split("."):
        body = cast("dict[str, object]", body).get(name) if isinstance(body, dict) else None
    return "undefined" if body is None else str(body)


def _check_domain(slo: Mapping[str, Any]) -> None:
    """Check what the form does not say."""
    window, objective = slo["timeWindow"], slo["objective"]
    if window["duration"] not in _WINDOWS[window["type"]]:
        raise bad_request("Invalid time_window.duration")
    if not 0 < objective["target"] < 1:
        raise bad_request("Invalid objective.target")
    if slo["budgetingMethod"] == "timeslices" and not objective.keys() >= {"timesliceTarget", "timesliceWindow"}:
        raise bad_request("Invalid objective.timeslice_target")
    settings = slo["settings"]
    if not _SECONDS["m"] <= _seconds(settings["syncDelay"]) < _LONGEST_DELAY_S:
        raise bad_request("Invalid settings.sync_delay")
    if not _SECONDS["m"] <= _seconds(settings["frequency"]) < _LONGEST_FREQUENCY_S:
        raise bad_request("Invalid settings.frequency")


def _seconds(span: str) -> int:
    found = re.fullmatch(r"(\d+)([smhd])", span)
    if not found:
        raise bad_request(f"Invalid duration [{span}]")
    return int(found[1]) * _SECONDS[found[2]]
