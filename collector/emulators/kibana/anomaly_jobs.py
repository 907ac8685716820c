"""Modules of anomaly detection jobs, under internal paths. The jobs are noted and never run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from collector.emulators.kibana.errors import bad_request, forbidden, not_found
from collector.emulators.kibana.instance import Instance, Licence
from collector.emulators.kibana.routes import Answer, Ask, Route
from collector.emulators.kibana.saved_objects import SavedObjects
from collector.emulators.kibana.schema import anything, boolean, listed, number, record, text

_ID_TOKEN: Final = "INDEX_PATTERN_ID"  # noqa: S105 - a place to fill in
_SETUP: Final = record(
    {},
    {
        "prefix": text(),
        "groups": listed(text()),
        "indexPatternName": text(),
        "query": anything,
        "useDedicatedIndex": boolean,
        "startDatafeed": boolean,
        "start": number(),
        "end": number(),
        "jobOverrides": anything,
        "datafeedOverrides": anything,
        "estimateModelMemory": boolean,
        "applyToAllSpaces": boolean,
    },
)
_DELETE: Final = record({"jobIds": listed(text())}, {"deleteUserAnnotations": boolean, "deleteAlertingRules": boolean})
_TAKEN: Final = "The job cannot be created with the Id '{}'. The Id is already used."


@dataclass
class AnomalyJobs:
    """Serves modules, and knows the jobs that were made of them.

    Attributes:
        jobs: by id, the space each is in.
        started: the ids of datafeeds that run.
    """

    instance: Instance
    store: SavedObjects
    jobs: dict[str, str] = field(default_factory=dict[str, str])
    started: set[str] = field(default_factory=set[str])

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        base = "/internal/ml/modules"
        yield self._route("GET", f"{base}/jobs_exist/{{id}}", self._tell_existence, "read")
        yield self._route("POST", f"{base}/setup/{{id}}", self._set_up, "all", body=_SETUP)
        yield self._route("POST", "/internal/ml/jobs/delete_jobs", self._delete, "all", body=_DELETE)

    def _route(self, method: str, path: str, answer: Callable[[Ask], Answer], level: str, **further: Any) -> Route:
        return Route(method, path, self._licensed(answer), (("ml", level),), versioned=True, **further)

    def _licensed(self, answer: Callable[[Ask], Answer]) -> Callable[[Ask], Answer]:
        def check(ask: Ask) -> Answer:
            if not self.instance.licence.covers(Licence.PLATINUM):
                raise forbidden("Forbidden")
            return answer(ask)

        return check

    def _find_module(self, ask: Ask) -> Mapping[str, Any]:
        for saved in self.store.list_types(["ml-module"], ask.space):
            if saved.attributes["id"] == ask.parts["id"]:
                return saved.attributes
        raise not_found(f'Module with the id "{ask.parts["id"]}" not found')

    def _tell_existence(self, ask: Ask) -> Answer:
        ids = [str(each["id"]) for each in self._find_module(ask)["jobs"]]
        here = [job_id for job_id, space in self.jobs.items() if space == ask.space]
        # A prefix may have been given when they were made.
        there = [job_id for job_id in here if job_id.endswith(tuple(ids))]
        complete = all(any(job_id.endswith(each) for job_id in there) for each in ids)
        return Answer({"jobsExist": complete} | ({"jobs": [{"id": each} for each in there]} if complete else {}))

    def _set_up(self, ask: Ask) -> Answer:
        module, body = self._find_module(ask), ask.body
        prefix, pattern = body.get("prefix", ""), body.get("indexPatternName") or module["defaultIndexPattern"]
        titles = {each.attributes["title"] for each in self.store.list_types(["index-pattern"], ask.space)}
        if _ID_TOKEN in str(module["jobs"]) and pattern not in titles:
            raise bad_request(
                f"Module's jobs contain custom URLs which require a Kibana data view ({pattern}) which cannot be found."
            )
        jobs = [self._create_job(f"{prefix}{each['id']}", ask.space) for each in module["jobs"]]
        created = [each["id"] for each in jobs if each["success"]]
        feeds = self._create_feeds(module["datafeeds"], prefix, created, start=bool(body.get("startDatafeed")))
        kibana: dict[str, list[object]] = {"search": [], "visualization": [], "dashboard": []}
        return Answer({"jobs": jobs, "datafeeds": feeds, "kibana": kibana})

    def _create_job(self, job_id: str, space: str) -> dict[str, Any]:
        if job_id in self.jobs:
            reason = {"type": "resource_already_exists_exception", "reason": _TAKEN.format(job_id)}
            return {"id": job_id, "success": False, "error": {"status": 400, "error": reason}}
        self.jobs[job_id] = space
        return {"id": job_id, "success": True}

    def _create_feeds(
        self, feeds: Sequence[Mapping[str, Any]], prefix: str, jobs: Sequence[str], *, start: bool
    ) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for feed in feeds:
            job_id = f"{prefix}{feed['job_id']}"
            feed_id = f"datafeed-{job_id}"
            success = job_id in jobs
            made.append({"id": feed_id, "success": success, "started": success and start})
            if success and start:
                self.started.add(feed_id)
        return made

    def _delete(self, ask: Ask) -> Answer:
        results: dict[str, object] = {}
        for job_id in ask.body["jobIds"]:
            if self.jobs.get(job_id) != ask.space:
                results[job_id] = {
                    "deleted": False,
                    "error": {"status": 404, "message": f"No known job with id '{job_id}'"},
                }
                continue
            del self.jobs[job_id]
            self.started.discard(f"datafeed-{job_id}")
            results[job_id] = {"deleted": True}
        return Answer(results)
