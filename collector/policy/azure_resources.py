"""Which resources of Azure a stream of metrics looks at: ids, groups, and the list that Kibana writes.

Promises: an id is whole and of a kind whose metrics are collected. Source of the list's form: what the package
azure_openai of Elastic renders for the input azure/metrics (``resources`` of the Beats azure module).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, override

from collector.policy.kinds import Kind, Text
from collector.policy.naming import RESOURCE_GROUP
from collector.policy.problems import RefusedError

ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"
WORKSPACES: Final = "Microsoft.MachineLearningServices/workspaces"
ONLINE_ENDPOINTS: Final = f"{WORKSPACES}/onlineEndpoints"
ONLINE_DEPLOYMENTS: Final = f"{ONLINE_ENDPOINTS}/deployments"
_KINDS: Final = {kind.lower(): kind for kind in (ACCOUNTS, WORKSPACES, ONLINE_ENDPOINTS, ONLINE_DEPLOYMENTS)}

_ID: Final = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"/resourceGroups/(?P<group>[^/]+)/providers/(?P<provider>[^/]+)(?P<names>(?:/[^/]+/[^/]+)+)",
    re.IGNORECASE | re.ASCII,
)
_TYPE_QUERY: Final = re.compile(r"\s*resourceType\s+eq\s+'(?P<type>[^']+)'\s*", re.IGNORECASE | re.ASCII)
_FORM: Final = f"Write /subscriptions/ID/resourceGroups/GROUP/providers/{ACCOUNTS}/NAME."
_SERVED: Final = f"Write the id of an account ({ACCOUNTS}) or of a workspace, online endpoint or deployment below it."


@dataclass(frozen=True)
class ResourceId(Text):
    """The id of one resource whose metrics are collected."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip().rstrip("/")
        kind = kind_of_resource(text)
        if kind is None:
            raise RefusedError("is not the id of a resource", _FORM)
        if kind.lower() not in _KINDS:
            raise RefusedError("is the id of a resource of another kind", _SERVED)
        return text

    @override
    def describe(self) -> str:
        return "text: the id of a resource, from /subscriptions/ on"


def kind_of_resource(resource_id: str) -> str | None:
    """Return ``Provider/type`` or ``Provider/type/type`` of the id; None when it is no id of a resource."""
    match = _ID.fullmatch(resource_id)
    if match is None:
        return None
    return "/".join((match["provider"], *match["names"].split("/")[1::2]))


def subscription_of(resource_id: str) -> str:
    """Return the subscription of a resource, in lower case; nothing for what is no id."""
    match = _ID.fullmatch(resource_id)
    return match["subscription"].lower() if match else ""


@dataclass(frozen=True, slots=True)
class ResourceChoice:
    """One entry of ``resources``: resources by id or by group; with neither, all of the subscriptions."""

    ids: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResourceChoices(Kind):
    """``resources`` as Kibana writes it: what it chooses counts, the metrics it names do not."""

    @override
    def check(self, value: object) -> tuple[ResourceChoice, ...]:
        if not isinstance(value, list | tuple):
            raise RefusedError("is not a list", "Write resource_groups or resource_ids.")
        entries = cast("list[object]", value)
        chosen = (entry if isinstance(entry, ResourceChoice) else _read_choice(entry) for entry in entries)
        return tuple(dict.fromkeys(choice for choice in chosen if choice is not None))

    @override
    def describe(self) -> str:
        return "list, as Kibana writes it"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "object"}}

    @override
    def render(self, value: tuple[ResourceChoice, ...]) -> list[dict[str, object]]:
        return [_render_choice(choice) for choice in value]


def _render_choice(choice: ResourceChoice) -> dict[str, object]:
    if choice.ids:
        return {"resource_id": list(choice.ids)}
    return {"resource_group": list(choice.groups)} if choice.groups else {}


def _read_choice(entry: object) -> ResourceChoice | None:
    """Return what the entry chooses; None for resources of a kind that is not collected."""
    if not isinstance(entry, Mapping):
        raise RefusedError("holds an entry that is not a mapping", "Write resource_groups or resource_ids.")
    keys = cast("Mapping[str, object]", entry)
    wanted = find_resource_type(keys)
    if wanted is not None and wanted.lower() not in _KINDS:
        return None
    query = keys.get("resource_query")
    if query is not None and wanted is None:
        raise RefusedError(
            "holds a resource_query that is not resourceType eq 'TYPE'", "Write resource_groups or resource_ids."
        )
    ids = tuple(ResourceId().check(each) for each in _list(keys.get("resource_id")) if _is_served(each))
    if not ids and keys.get("resource_id") is not None:
        return None
    return ResourceChoice(ids, tuple(RESOURCE_GROUP.check(each) for each in _list(keys.get("resource_group"))))


def _is_served(resource_id: object) -> bool:
    kind = kind_of_resource(resource_id) if isinstance(resource_id, str) else None
    return kind is None or kind.lower() in _KINDS


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return list(cast("list[object]", value)) if isinstance(value, list | tuple) else [value]


def find_resource_type(entry: Mapping[str, object]) -> str | None:
    """Return the type of resources that an entry of ``resources`` names; None when it names none."""
    query, wanted = entry.get("resource_query"), entry.get("resource_type")
    match = _TYPE_QUERY.fullmatch(query) if isinstance(query, str) else None
    if match is not None:
        return match["type"]
    return wanted if isinstance(wanted, str) else None


def find_other_purpose(stream: Mapping[str, object]) -> str | None:
    """Return why a stream of type azure/metrics is for something else than Azure OpenAI; None when it is not.

    Elastic's packages for virtual machines, storage, billing and so on have inputs of the same type.
    """
    sets = [each for each in _list(stream.get("metricsets")) if isinstance(each, str)]
    if sets and "monitor" not in sets:
        return f"its metricset is {sets[0]}, and monitor is what this collector serves"
    if stream.get("resources") and not list(_find_served(stream["resources"])):
        return "its resources are of other kinds than Azure OpenAI accounts and Azure ML online endpoints"
    return None


def _find_served(resources: object) -> Iterator[object]:
    """Yield the entries that are for us, and those that are wrong and so must be looked at."""
    for entry in _list(resources):
        try:
            if _read_choice(entry) is not None:
                yield entry
        except RefusedError:
            yield entry
