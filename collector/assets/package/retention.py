"""How long the documents of a data stream are kept, where the package says so.

Serverless takes ``lifecycle.yml``. Elsewhere Fleet leaves data streams to index lifecycle management, so the same time
stands in a policy, too. Data streams without either follow the cluster's own ``logs`` and ``metrics`` policies.
"""

import json
from pathlib import PurePosixPath
from typing import Final

from collector.assets.files import Body
from collector.assets.package.streams import PackageStream

POLICY: Final = "default_policy"
"""File stem of the policy; the manifest names it ``<type>-<package>.<folder>-<stem>``."""
_ROLLOVER: Final = {"max_age": "1d", "max_primary_shard_size": "50gb"}
"""The time counts from the rollover, so a document stays at most one day longer."""


def retention_files(stream: PackageStream) -> dict[PurePosixPath, bytes]:
    """The files that say it; none where the data set has no retention of its own."""
    retention = stream.dataset.retention if stream.dataset else None
    if retention is None:
        return {}
    phases: Body = {
        "hot": {"min_age": "0ms", "actions": {"rollover": _ROLLOVER}},
        "delete": {"min_age": retention, "actions": {"delete": {}}},
    }
    policy = json.dumps({"policy": {"phases": phases}}, indent=2) + "\n"
    return {
        stream.path / "lifecycle.yml": f"data_retention: {retention}\n".encode(),
        stream.path / "elasticsearch" / "ilm" / f"{POLICY}.json": policy.encode(),
    }
