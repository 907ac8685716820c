"""Building the package in place: what of it is made from sources, and what a rebuild would change."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from collector.assets import field_files, health_fields
from collector.assets.files import sources_root
from collector.assets.metric_fields import METRICS
from collector.assets.package.dashboard_files import KIBANA, dashboard_files
from collector.assets.package.hub_template import FILE as HUB_TEMPLATE
from collector.assets.package.hub_template import render_hub_template
from collector.assets.package.metrics_template import FILE as METRICS_TEMPLATE
from collector.assets.package.metrics_template import render_metrics_template
from collector.assets.package.page import PAGE, render_page
from collector.assets.package.pipeline_files import pipeline_files
from collector.assets.package.retention import retention_files
from collector.assets.package.rights_template import FILE as RIGHTS_TEMPLATE
from collector.assets.package.rights_template import TEMPLATE as RIGHTS
from collector.assets.package.rule_files import rule_files
from collector.assets.package.streams import PackageStream, package_streams
from collector.assets.templates import ENDPOINTS, GATEWAY, LOGS, PACKAGE
from collector.policy.input_kinds import WRITTEN_ONLY

_BUILT_FOLDERS: Final = (
    "data_stream/*/agent",
    "data_stream/*/elasticsearch",
    "data_stream/*/fields",
    "docs",
    str(KIBANA),
)
"""Everything in these is built: a file that no source asks for goes."""


class Outcome(StrEnum):
    """What a build does to a file."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a build makes anew, below the package's folder."""

    path: PurePosixPath
    outcome: Outcome

    def __str__(self) -> str:
        """As a person reads it."""
        return f"{self.outcome} integration/{self.path}"


def built_files() -> dict[PurePosixPath, bytes]:
    """Every file of the package that is made from sources, by its path below the package's folder.

    Raises:
        AssetError: a source is missing or wrong, or this is no checkout.
    """
    files: dict[PurePosixPath, bytes] = {}
    for stream in package_streams():
        files |= {stream.path / field_files.FILE: _render_fields(stream).encode()}
        files |= pipeline_files(stream) | retention_files(stream) | _stream_template(stream)
    files |= dashboard_files() | rule_files()
    files[PurePosixPath("LICENSE.txt")] = (sources_root() / "LICENSE").read_bytes()
    files[PAGE] = render_page(files)
    return files


def find_changes(root: Path) -> list[Change]:
    """What a build would change in the package below ``root``, by path.

    Raises:
        AssetError: as `built_files`.
    """
    return [change for change, _ in _plan(root)]


def build_package(root: Path) -> list[Change]:
    """Bring the package below ``root`` to what the sources ask for; return what was changed.

    Raises:
        AssetError: as `built_files`; nothing is written then.
        OSError: a file cannot be written.
    """
    plan = list(_plan(root))
    for change, content in plan:
        path = root / change.path
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return [change for change, _ in plan]


def _plan(root: Path) -> Iterator[tuple[Change, bytes | None]]:
    built = built_files()
    there = {PurePosixPath(path.relative_to(root)) for folder in _BUILT_FOLDERS for path in _files_below(root, folder)}
    for path in sorted({*built, *there}):
        content, file = built.get(path), root / path
        if content is None:
            yield Change(path, Outcome.REMOVED), None
        elif not file.exists():
            yield Change(path, Outcome.CREATED), content
        elif file.read_bytes() != content:
            yield Change(path, Outcome.UPDATED), content


def _files_below(root: Path, pattern: str) -> Iterator[Path]:
    for folder in root.glob(pattern):
        yield from (path for path in folder.rglob("*") if path.is_file())


def _stream_template(stream: PackageStream) -> dict[PurePosixPath, bytes]:
    """How an Elastic Agent collects for the data stream, or may write it; nothing where neither is so."""
    if stream.dataset in (LOGS, GATEWAY, ENDPOINTS):
        return {stream.path / HUB_TEMPLATE: render_hub_template().encode()}
    if stream.dataset and stream.dataset.name == METRICS:
        return {stream.path / METRICS_TEMPLATE: render_metrics_template().encode()}
    if f"{PACKAGE}.{stream.folder}" in WRITTEN_ONLY:
        return {stream.path / RIGHTS_TEMPLATE: RIGHTS.encode()}
    return {}


def _render_fields(stream: PackageStream) -> str:
    if stream.dataset is None:
        return field_files.render(health_fields.health_entries(), health_fields.HEADING)
    return field_files.render(field_files.field_entries(stream.dataset.name))
