"""Saved searches for Discover, from ``dashboards/searches.yml``.

Written at the first version of Kibana's own schema for searches, so that every supported Kibana can read them.
"""

from collections.abc import Mapping
from typing import Any, Final

_DATA_VIEW: Final = "logs-*"
_REFERENCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"


def build_search(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Build the saved object of one search; the newest document comes first."""
    source: dict[str, Any] = {
        "filter": [],
        "indexRefName": _REFERENCE,
        "query": {"language": "kuery", "query": entry["query"]},
    }
    return {
        "id": entry["id"],
        "type": "search",
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": "10.1.0",
        "managed": False,
        "references": [{"id": _DATA_VIEW, "name": _REFERENCE, "type": "index-pattern"}],
        "attributes": {
            "title": entry["title"],
            "description": entry["description"],
            "columns": list(entry["columns"]),
            "sort": [["@timestamp", "desc"]],
            "grid": {},
            "hideChart": False,
            "isTextBasedQuery": False,
            "timeRestore": False,
            "kibanaSavedObjectMeta": {"searchSourceJSON": source},
        },
    }
