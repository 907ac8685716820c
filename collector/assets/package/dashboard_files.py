"""Dashboards, saved searches and tags as the files of a package, and as Kibana wants them in an archive."""

import json
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from collector.assets.dashboards import compile_dashboards, encode_nested

KIBANA: Final = PurePosixPath("kibana")
_WITH_NESTED_JSON: Final = (KIBANA / "dashboard", KIBANA / "search")


def dashboard_files() -> dict[PurePosixPath, bytes]:
    """What ``dashboards/`` is compiled to.

    Raises:
        AssetError: a source is wrong, or kb-dashboard is not installed.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        return {KIBANA / path.relative_to(root): path.read_bytes() for path in compile_dashboards(root)}


def encode_for_archive(path: PurePosixPath, content: bytes) -> bytes:
    """A file of the package as it stands in the archive: JSON within JSON becomes text, other files stay."""
    if path.parent not in _WITH_NESTED_JSON:
        return content
    return (json.dumps(encode_nested(json.loads(content)), indent=2, ensure_ascii=False) + "\n").encode()
