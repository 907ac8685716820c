"""Service level objectives, of the templates that the package ships; they need a platinum licence."""

from collections.abc import Mapping
from typing import Any, Final

from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Kind, Place, State
from collector.assets.setup.differences import describe
from collector.assets.setup.kibana.connection import Kibana, segment
from collector.assets.setup.kibana.marks import Standing, judge, mark, scope, strip_marks

_BASE: Final = "/api/observability/slos"
_COMPARED: Final = (
    *("name", "description", "indicator", "timeWindow", "budgetingMethod"),
    *("objective", "settings", "groupBy", "tags"),
)


class Objective(Asset):
    """One SLO."""

    place = Place.KIBANA

    def __init__(self, kibana: Kibana, template: Mapping[str, Any], *, overwrite: bool) -> None:
        """Make an SLO of this template; `overwrite` brings back what a person changed."""
        self._kibana = kibana
        self._overwrite = overwrite
        self._id = scope(template["id"], kibana.space)
        self._shipped = {name: template["attributes"][name] for name in _COMPARED}
        self._exists = False
        self.id = AssetId(Kind.SLO, template["id"])

    async def compare(self) -> Comparison:
        """Compare what is stored with what is shipped, and find out who made the difference."""
        reply = await self._kibana.get(self._path)
        self._exists = reply.ok
        if reply.missing:
            return ABSENT
        if not reply.ok:
            raise reply.refuse(str(self.id), "Look at Kibana's log")
        content = self._read_content(reply.body)
        standing = judge(content, self._shipped, reply.body["tags"])
        if standing is Standing.CURRENT:
            return CURRENT
        words = describe(content, self._shipped)
        if standing is Standing.CHANGED and not self._overwrite:
            return Comparison(State.KEPT, tuple(f"{each}, kept as it was changed in Kibana" for each in words))
        return Comparison(State.DIFFERENT, words)

    async def write(self) -> None:
        """Create it, or bring it up to date."""
        body = {**self._shipped, "tags": [*self._shipped["tags"], mark(self._shipped)]}
        if self._exists:
            reply = await self._kibana.send("PUT", self._path, body)
        else:
            reply = await self._kibana.send("POST", _BASE, {**body, "id": self._id})
        if not reply.ok:
            raise reply.refuse(str(self.id), "Make the SLO in Kibana by hand, or tell us")

    async def remove(self) -> None:
        """Delete it, with what Kibana computed for it."""
        reply = await self._kibana.send("DELETE", self._path)
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Delete it in Kibana, under SLOs")

    @property
    def _path(self) -> str:
        return f"{_BASE}/{segment(self._id)}"

    def _read_content(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What is compared of a stored SLO: Kibana adds settings of its own."""
        content = {name: stored.get(name) for name in _COMPARED}
        settings: Mapping[str, Any] = stored["settings"]
        content["settings"] = {name: settings.get(name) for name in self._shipped["settings"]}
        return {**content, "tags": strip_marks(stored["tags"])}
