"""An Elasticsearch in memory, as far as `setup` speaks with it: as strict as the real one, which has no room in a test.

Texts and bodies of its answers were taken from Elasticsearch 8.16.1; `tests/security` asks the same of the real one.

    async with serving_setup(SetupCluster()) as cluster:
        ... cluster.url, cluster.changes
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web
from plugins.http_server import listen
from typer.testing import CliRunner, Result

from collector.cli import app

Document = dict[str, Any]
Reply = tuple[Document, int]

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
CLUSTER_PRIVILEGES = frozenset(
    {
        "monitor",
        "manage_ingest_pipelines",
        "manage_index_templates",
        "manage_security",
        "read_security",
        "manage_own_api_key",
        "manage_api_key",
    }
)
INDEX_PRIVILEGES = frozenset({"auto_configure", "create_doc", "read", "view_index_metadata", "manage"})
ALLOWED_KEYS = {
    "_ingest/pipeline": {"description", "processors", "on_failure", "version", "_meta"},
    "_component_template": {"template", "version", "_meta", "deprecated"},
    "_index_template": {
        "index_patterns",
        "composed_of",
        "template",
        "priority",
        "version",
        "_meta",
        "data_stream",
        "allow_auto_create",
        "ignore_missing_component_templates",
    },
    "_security/role": {"cluster", "indices", "applications", "run_as", "metadata", "description"},
}
NEEDED = {
    "_ingest/pipeline": "manage_ingest_pipelines",
    "_component_template": "manage_index_templates",
    "_index_template": "manage_index_templates",
    "_security/role": "manage_security",
    "_security/api_key": "manage_own_api_key",
}


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"error": {"type": kind, "reason": reason}, "status": status}


@dataclass(frozen=True)
class Person:
    """Somebody who can log in, with what they may do."""

    username: str
    password: str
    privileges: frozenset[str] = CLUSTER_PRIVILEGES | INDEX_PRIVILEGES
    by_key: bool = False

    @property
    def authorization(self) -> str:
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return f"{'ApiKey' if self.by_key else 'Basic'} {pair}"


ADMIN = Person("elastic", "canary-password")


@dataclass
class SetupCluster:
    """What is stored, who may log in, and what was asked."""

    version: str = "9.2.0"
    people: tuple[Person, ...] = (ADMIN,)
    """Nobody: a cluster without security."""
    stored: dict[str, dict[str, Document]] = field(default_factory=lambda: {path: {} for path in ALLOWED_KEYS})
    keys: list[Document] = field(default_factory=list)
    streams: dict[str, dict[str, Document]] = field(default_factory=dict)
    """Data stream -> backing index -> ``{"pipeline": ..., "mappings": ...}``."""
    read_only: bool = False
    refusing: str = ""
    """The end of the path of requests that fail with 503."""
    journal: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def changes(self) -> list[tuple[str, str]]:
        """The requests that could have changed something."""
        reading = ("/_has_privileges", "/_index_template/_simulate_index/")
        return [
            (method, path) for method, path in self.journal if method != "GET" and not any(r in path for r in reading)
        ]

    def snapshot(self) -> Document:
        """Everything that is there."""
        return deepcopy({"stored": self.stored, "keys": self.keys, "streams": self.streams})

    def add_stream(self, name: str, pipeline: str | None, **types: str) -> None:
        """A data stream with one index, as an earlier version left it."""
        properties = {field: {"type": kind} for field, kind in types.items()}
        self.streams[name] = {
            f".ds-{name}-2026.11.21-000001": {"pipeline": pipeline, "mappings": {"properties": properties}}
        }

    async def serve(self, request: web.Request) -> web.Response:
        self.journal.append((request.method, request.path))
        body = await request.read()
        try:
            content, status = self._answer(request, json.loads(body) if body else {})
        except RefusedError as error:
            content, status = error.body, error.status
        return web.json_response(content, status=status, headers=PRODUCT)

    def _answer(self, request: web.Request, body: Document) -> Reply:
        person = next(
            (each for each in self.people if each.authorization == request.headers.get("Authorization")), None
        )
        if self.people and person is None:
            raise RefusedError(
                401, "security_exception", f"missing authentication credentials for REST request [{request.path}]"
            )
        if self.refusing and request.path.endswith(self.refusing) and request.method != "GET":
            raise RefusedError(503, "master_not_discovered_exception", "no master")
        path = request.path.strip("/")
        if not path:
            return {"version": {"number": self.version, "build_flavor": "default"}, "tagline": "You Know"}, 200
        if path.startswith("_security/") and not self.people:
            raise RefusedError(400, "illegal_argument_exception", f"no handler found for uri [/{path}]")
        for prefix in ALLOWED_KEYS:
            if path.startswith(f"{prefix}/") and not path.startswith("_index_template/_simulate"):
                return self._store(request.method, prefix, path.removeprefix(f"{prefix}/"), body, person)
        if path.startswith("_security/"):
            assert person is not None
            return self._secure(request, path, body, person)
        return self._look_at_streams(request.method, path, person)

    def _recognise(self, authorization: str | None) -> Person | None:
        person = next((each for each in self.people if each.authorization == authorization), None)
        if self.people and person is None:
            raise RefusedError(401, "security_exception", "missing authentication credentials for REST request [/]")
        return person

    def _store(self, method: str, kind: str, name: str, body: Document, person: Person | None) -> Reply:
        needed = {NEEDED[kind]} | ({"read_security"} if kind == "_security/role" and method == "GET" else set())
        if person and not needed & person.privileges:
            raise _forbidden(kind, person, sorted(needed))
        if method == "GET":
            return self._get(kind, name)
        if self.read_only:
            raise RefusedError(403, "cluster_block_exception", "blocked by: [FORBIDDEN/6/cluster read-only (api)];")
        if method == "DELETE":
            return self._delete(kind, name)
        unknown = body.keys() - ALLOWED_KEYS[kind]
        if unknown:
            raise RefusedError(400, "parse_exception", f"[{kind}] unknown field [{min(unknown)}]")
        if kind == "_index_template" and (conflict := self._find_conflict(name, body)):
            raise RefusedError(400, "illegal_argument_exception", conflict)
        self.stored[kind][name] = _as_stored(body)
        return {"acknowledged": True}, 200

    def _get(self, kind: str, pattern: str) -> Reply:
        found = {name: body for name, body in self.stored[kind].items() if fnmatchcase(name, pattern)}
        if not found:
            return {}, 404
        if kind in {"_ingest/pipeline", "_security/role"}:
            return deepcopy(found), 200
        key = kind.strip("_")
        return {f"{key}s": [{"name": name, key: body} for name, body in found.items()]}, 200

    def _delete(self, kind: str, name: str) -> Reply:
        if name not in self.stored[kind]:
            raise RefusedError(404, "resource_not_found_exception", f"[{name}] missing")
        if kind == "_ingest/pipeline" and any(name == each["pipeline"] for each in self._indices()):
            reason = f"pipeline [{name}] cannot be deleted because it is the default pipeline for 1 index(es)"
            raise RefusedError(400, "illegal_argument_exception", reason)
        if kind == "_component_template" and any(name in each["composed_of"] for each in self._index_templates()):
            reason = f"component templates [{name}] cannot be removed as they are still in use by index templates"
            raise RefusedError(400, "illegal_argument_exception", reason)
        if kind == "_index_template" and any(stream.startswith(f"{name}-") for stream in self.streams):
            reason = f"unable to remove composable templates [{name}] as they are in use by a data streams"
            raise RefusedError(400, "illegal_argument_exception", reason)
        del self.stored[kind][name]
        return {"acknowledged": True}, 200

    def _indices(self) -> Iterator[Document]:
        for indices in self.streams.values():
            yield from indices.values()

    def _index_templates(self) -> Iterator[Document]:
        yield from self.stored["_index_template"].values()

    def _find_conflict(self, name: str, body: Document) -> str | None:
        for other, stored in self.stored["_index_template"].items():
            same = set(stored["index_patterns"]) & set(body["index_patterns"])
            if other != name and same and stored["priority"] == body["priority"]:
                return (
                    f"index template [{name}] has index patterns {sorted(same)} matching patterns "
                    f"from existing templates [{other}] that have the same priority [{body['priority']}]"
                )
        return None

    def _secure(self, request: web.Request, path: str, body: Document, person: Person) -> Reply:
        if path == "_security/_authenticate":
            kind = "api_key" if person.by_key else "realm"
            return {"username": person.username, "authentication_type": kind}, 200
        if path == "_security/user/_has_privileges":
            cluster = {each: each in person.privileges for each in body["cluster"]}
            granted = {each: each in person.privileges for each in body["index"][0]["privileges"]}
            names = body["index"][0]["names"]
            return {"cluster": cluster, "index": dict.fromkeys(names, granted)}, 200
        assert path.startswith("_security/api_key")
        if "manage_own_api_key" not in person.privileges:
            raise _forbidden(path, person, ["manage_own_api_key"])
        if request.method == "GET":
            assert request.query["active_only"] == "true"
            mine = [key for key in self.keys if request.query["owner"] == "false" or key["username"] == person.username]
            return {"api_keys": deepcopy([key for key in mine if key["name"] == request.query["name"]])}, 200
        return self._change_keys(request.method, path.removeprefix("_security/api_key").strip("/"), body, person)

    def _change_keys(self, method: str, key_id: str, body: Document, person: Person) -> Reply:
        if method == "DELETE":
            assert body.get("owner") or "manage_api_key" in person.privileges
            self.keys = [key for key in self.keys if key["id"] not in body["ids"]]
            return {"invalidated_api_keys": body["ids"]}, 200
        if person.by_key:
            reason = "creating derived api keys requires an explicit role descriptor that is empty (has no privileges)"
            raise RefusedError(400, "illegal_argument_exception", reason)
        if method == "PUT":
            (key,) = [key for key in self.keys if key["id"] == key_id]
            key.update(body)
            return {"updated": True}, 200
        assert body.keys() <= {"name", "role_descriptors", "metadata", "expiration"}
        key_id = f"key-{len(self.keys)}-{len(self.journal)}"
        self.keys.append({"id": key_id, "username": person.username, **deepcopy(body)})
        return {"id": key_id, "name": body["name"], "api_key": f"canary-{key_id}", "encoded": "unused"}, 200

    def _look_at_streams(self, method: str, path: str, person: Person | None) -> Reply:
        needed = "manage" if method == "DELETE" or path.endswith("/_rollover") else "view_index_metadata"
        if person and not {needed, "manage"} & person.privileges:
            raise _forbidden(path, person, [needed])
        if path.startswith("_resolve/index/"):
            listed = [{"name": name, "backing_indices": list(indices)} for name, indices in self.streams.items()]
            return {"indices": [], "aliases": [], "data_streams": listed}, 200
        if path.endswith("/_settings/index.default_pipeline"):
            indices = {index: each for stream in self.streams.values() for index, each in stream.items()}
            with_pipeline = {index: each["pipeline"] for index, each in indices.items() if each["pipeline"]}
            return {
                index: {"settings": {"index": {"default_pipeline": name}}} for index, name in with_pipeline.items()
            }, 200
        if path.startswith("_index_template/_simulate_index/"):
            return {"template": self._resolve(path.rpartition("/")[2])}, 200
        if path.endswith("/_mapping"):
            index = path.removesuffix("/_mapping")
            (found,) = [stream[index] for stream in self.streams.values() if index in stream]
            return {index: {"mappings": found["mappings"]}}, 200
        return self._change_streams(method, path)

    def _change_streams(self, method: str, path: str) -> Reply:
        if path.endswith("/_rollover"):
            name = path.removesuffix("/_rollover")
            resolved = self._resolve(name)
            index = f".ds-{name}-2026.11.21-{len(self.streams[name]) + 1:06}"
            pipeline = resolved.get("settings", {}).get("index", {}).get("default_pipeline")
            self.streams[name][index] = {"pipeline": pipeline, "mappings": resolved.get("mappings", {})}
            return {"rolled_over": True}, 200
        if method == "DELETE" and path.startswith("_data_stream/"):
            del self.streams[path.removeprefix("_data_stream/")]
            return {"acknowledged": True}, 200
        raise RefusedError(
            400, "illegal_argument_exception", f"no handler found for uri [/{path}] and method [{method}]"
        )

    def _resolve(self, stream: str) -> Document:
        template = self.stored["_index_template"].get("-".join(stream.split("-")[:2]), {"composed_of": []})
        resolved: Document = {}
        for name in template["composed_of"]:
            if name in self.stored["_component_template"]:
                resolved = _merge(resolved, self.stored["_component_template"][name]["template"])
        return resolved


def _merge(one: Document, other: Document) -> Document:
    merged = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _as_stored(body: Document) -> Document:
    """What Elasticsearch gives back of a template: settings as texts, and its own defaults beside what was sent."""
    stored = deepcopy(body)
    if "data_stream" in stored:
        stored["data_stream"] = {"hidden": False, "allow_custom_routing": False} | stored["data_stream"]
    template = stored.get("template", {})
    if "settings" in template:
        template["settings"] = _texts(template["settings"])
    if "lifecycle" in template:
        template["lifecycle"] = {"enabled": True} | template["lifecycle"]
    return stored


def _texts(settings: Document) -> Document:
    return {
        key: _texts(value) if isinstance(value, dict) else json.dumps(value).strip('"')
        for key, value in settings.items()
    }


def _forbidden(action: str, person: Person, privileges: list[str]) -> RefusedError:
    reason = (
        f"action [{action}] is unauthorized for user [{person.username}], "
        f"this action is granted by the cluster privileges [{','.join(privileges)},manage,all]"
    )
    return RefusedError(403, "security_exception", reason)


@asynccontextmanager
async def serving_setup(cluster: SetupCluster) -> AsyncIterator[SetupCluster]:
    """Let the cluster listen."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", cluster.serve)
    async with listen(application) as cluster.port:
        yield cluster


async def run_setup(cluster: SetupCluster, *options: str, person: Person = ADMIN) -> Result:
    """The command in a thread of its own, logged in as the person; no password may be in what it prints."""
    by_key = bool(cluster.people) and person.by_key
    key = f"{person.username}:{person.password}" if by_key else None
    environment = {"AOAI_SETUP_PASSWORD": person.password, "AOAI_SETUP_API_KEY": key, "COLUMNS": "200"}
    login = ["--username", person.username] if cluster.people and not by_key else []
    arguments = ["setup", "--elasticsearch", cluster.url, *login, *options]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)
    assert person.password not in result.output
    assert "Traceback" not in result.output
    return result
