"""What the package ships into Kibana, as it is stored there: read from ``integration/kibana``, and marked as ours.

The mark of a saved object is its reference to our tag. The name of that reference holds the digest of what was shipped:
Kibana changes attributes when it brings an object to its own version, but not the names of references; and it writes
the reference anew, without the digest, when a person saves the object.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from collector.assets.dashboards import encode_nested
from collector.assets.errors import AssetError
from collector.assets.files import sources_root

TAG: Final = "aoai-collector"
"""The id of our tag."""
DATA_VIEW: Final = "index-pattern"
_TAG_ATTRIBUTES: Final = {
    "name": "Azure OpenAI",
    "description": "Installed by aoai-collector setup",
    "color": "#0077CC",
}
_VERSIONS: Final = {"coreMigrationVersion": "8.8.0", "typeMigrationVersion": "8.0.0"}
"""The versions of Kibana whose form tags and data views have since; without them Kibana takes them for ancient."""
_REFERENCE: Final = f"tag-ref-{TAG}"
_TIME: Final = "@timestamp"

type SavedObject = dict[str, Any]


def read_shipped(folder: str) -> list[SavedObject]:
    """Read the files of a folder of ``integration/kibana``, by id.

    Raises:
        AssetError: the installation is incomplete.
    """
    paths = sorted((sources_root() / "integration" / "kibana" / folder).glob("*.json"))
    if not paths:
        raise AssetError(f"no integration/kibana/{folder}: the installation is incomplete")
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def build_objects() -> list[SavedObject]:
    """The tag, the data views, the searches and the dashboards, each after what it refers to."""
    shipped = [encode_nested(each) for folder in ("search", "dashboard") for each in read_shipped(folder)]
    views = sorted({each["id"] for saved in shipped for each in saved["references"] if each["type"] == DATA_VIEW})
    tag: SavedObject = {"id": TAG, "type": "tag", "attributes": _TAG_ATTRIBUTES, "references": [], **_VERSIONS}
    return [tag, *(_mark(_build_view(each)) for each in views), *(_mark({**each, "managed": True}) for each in shipped)]


def compute_digest(content: object) -> str:
    """The digest of a JSON value; a whole number is the same with and without a fraction."""
    text = json.dumps(normalize(content), sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def normalize(value: Any) -> Any:
    """A JSON value as Kibana writes it: whole numbers have no fraction."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: normalize(each) for name, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [normalize(each) for each in cast("Sequence[Any]", value)]
    return value


def read_mark(saved: Mapping[str, Any]) -> str | None:
    """The digest in an object's reference to our tag; empty when a person saved it, None when it has no such one."""
    for each in saved["references"]:
        if (each["type"], each["id"]) == ("tag", TAG):
            return str(each["name"]).removeprefix(_REFERENCE).removeprefix("-")
    return None


def is_of_fleet(saved: Mapping[str, Any]) -> bool:
    """Whether Fleet installed an object with a package."""
    return any(each["type"] == "tag" and each["id"].startswith("fleet-pkg-") for each in saved["references"])


def _build_view(title: str) -> SavedObject:
    attributes = {"title": title, "name": title, "timeFieldName": _TIME, "allowNoIndex": True}
    return {"id": title, "type": DATA_VIEW, "attributes": attributes, "references": [], **_VERSIONS}


def _mark(saved: SavedObject) -> SavedObject:
    digest = compute_digest([saved["attributes"], saved["references"]])
    return {**saved, "references": [*saved["references"], _refer_to_tag(digest)]}


def _refer_to_tag(digest: str) -> dict[str, str]:
    return {"type": "tag", "id": TAG, "name": f"{_REFERENCE}-{digest}"}
