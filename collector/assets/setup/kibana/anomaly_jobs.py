"""Anomaly detection jobs, set up by Kibana of the module that the package ships; they need a platinum licence.

Setting up and removing go through Kibana's internal paths, since jobs that Elasticsearch is given are in no space.
"""

from collections.abc import Mapping
from json import dumps
from typing import Any, Final

import aiohttp

from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Kind, Place, State
from collector.assets.setup.kibana.connection import DEFAULT_SPACE, LICENCE_FIX, Kibana, Reply, segment
from collector.assets.setup.kibana.saved_objects import list_missing
from collector.assets.setup.refusal import RefusalError

_TYPE: Final = "ml-module"
_BASE: Final = "/internal/ml/modules"
_LOG: Final = "Look at Kibana's log"
_TAKEN: Final = "already exists"


class AnomalyModule(Asset):
    """A module with its jobs: both are there, or it is set up."""

    id: AssetId
    place = Place.KIBANA

    def __init__(self, kibana: Kibana, saved: Mapping[str, Any]) -> None:
        """Stand for this saved object of a module."""
        self._kibana = kibana
        self._saved = saved
        self._module = segment(saved["attributes"]["id"])
        self._of_fleet = False
        self.id = AssetId(Kind.ML_MODULE, saved["id"])

    async def compare(self) -> Comparison:
        """Look whether the module is stored as shipped, and whether this space has its jobs."""
        stored = await self._fetch()
        if stored is None:
            return ABSENT
        complete = await self._has_jobs()
        self._of_fleet = bool(stored.get("managed"))
        if self._of_fleet:
            return CURRENT if complete else ABSENT
        if any(stored["attributes"].get(name) != value for name, value in self._saved["attributes"].items()):
            return Comparison(State.DIFFERENT, ("the module differs; jobs that are there keep running as they are",))
        return CURRENT if complete else Comparison(State.DIFFERENT, ("not all of its jobs are there",))

    async def find_obstacle(self) -> RefusalError | None:
        """Look at the licence."""
        if self._kibana.has_platinum is not False:
            return None
        what = f"anomaly detection needs a platinum licence, and this one is {self._kibana.licence}"
        return RefusalError(what, where=str(self.id), fix=LICENCE_FIX)

    async def write(self) -> None:
        """Import the module, unless Fleet did; then let Kibana make its jobs and start their datafeeds."""
        if not self._of_fleet:
            await self._import()
        body = {"prefix": self._prefix, "startDatafeed": True, "estimateModelMemory": False}
        reply = await self._kibana.send("POST", f"{_BASE}/setup/{self._module}", body)
        if not reply.ok:
            raise reply.refuse(str(self.id), "Set it up in Kibana, under Machine Learning, Anomaly Detection")
        failed = _list_failures(reply)
        if failed:
            what = f"{', '.join(failed)} could not be made"
            raise RefusalError(what, where=str(self.id), fix="Look at them in Kibana, and run this again")

    async def remove(self) -> None:
        """Delete the jobs with their results, then the module, unless it is Fleet's."""
        jobs = [f"{self._prefix}{each['id']}" for each in self._saved["attributes"]["jobs"]]
        reply = await self._kibana.send("POST", "/internal/ml/jobs/delete_jobs", {"jobIds": jobs})
        if not reply.ok:
            raise reply.refuse(str(self.id), "Delete the jobs in Kibana, under Machine Learning")
        if self._of_fleet:
            return
        reply = await self._kibana.send("DELETE", f"/api/saved_objects/{_TYPE}/{segment(self._saved['id'])}")
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Delete it in Kibana, under Stack Management, Saved Objects")

    async def _import(self) -> None:
        form = aiohttp.FormData()
        form.add_field("file", dumps(self._saved).encode(), filename="module.ndjson", content_type="application/ndjson")
        reply = await self._kibana.send("POST", "/api/saved_objects/_import?overwrite=true", data=form)
        if not reply.ok or not reply.body["success"]:
            raise reply.refuse(str(self.id), _LOG)

    async def _has_jobs(self) -> bool:
        if self._kibana.has_platinum is False:
            return False
        reply = await self._kibana.get(f"{_BASE}/jobs_exist/{self._module}")
        if not reply.ok:
            raise reply.refuse(str(self.id), _LOG)
        return bool(reply.body["jobsExist"])

    @property
    def _prefix(self) -> str:
        """Jobs of all spaces share their names."""
        return "" if self._kibana.space == DEFAULT_SPACE else f"{self._kibana.space}-"

    async def _fetch(self) -> Mapping[str, Any] | None:
        wanted = {"objects": [{"type": _TYPE, "id": self._saved["id"]}], "excludeExportDetails": True}
        reply = await self._kibana.send("POST", "/api/saved_objects/_export", wanted)
        if reply.ok:
            return reply.body[0]
        if list_missing(reply):
            return None
        raise reply.refuse(str(self.id), _LOG)


def _list_failures(reply: Reply) -> list[str]:
    """Jobs that were not made; one that was there already is no failure."""
    failed = [each for each in reply.body["jobs"] if not each["success"]]
    return [str(each["id"]) for each in failed if _TAKEN not in str(each.get("error")).replace("_", " ")]
