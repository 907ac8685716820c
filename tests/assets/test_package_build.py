"""`aoai-collector build`: what is in integration/ is what its sources ask for, and the archive is always the same."""

import io
import os
import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from collector import __version__
from collector.assets.errors import AssetError
from collector.assets.files import package_root
from collector.assets.package.archive import pack
from collector.assets.package.building import Change, Outcome, build_package
from collector.assets.sources import pipelines
from collector.assets.templates import DATASETS
from collector.cli import app

BY_FLEET = {"pipeline_custom"}
ONLY_ELASTICSEARCH = {"geoip_source_geo", "geoip_source_as"}
ONLY_ELASTICSEARCH |= {"rename_source_as_asn", "rename_source_as_organization_name"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be spoilt."""
    return Path(shutil.copytree(package_root(), tmp_path / "integration"))


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_rebuild_changes_nothing() -> None:
    answer = CliRunner().invoke(app, ["build", "--check"])
    assert (answer.exit_code, answer.output) == (0, ""), "run: aoai-collector build"


def test_a_build_mends_what_was_edited_deleted_or_left_over(package: Path) -> None:
    fields = PurePosixPath("data_stream/logs/fields/fields.yml")
    page = PurePosixPath("docs/README.md")
    stray = PurePosixPath("data_stream/logs/elasticsearch/ingest_pipeline/gone.yml")
    (package / fields).write_text("[]\n")
    (package / page).unlink()
    (package / stray).write_text("---\nprocessors: []\n")

    changes = build_package(package)

    assert changes == [
        Change(stray, Outcome.REMOVED),
        Change(fields, Outcome.UPDATED),
        Change(page, Outcome.CREATED),
    ]
    assert contents(package) == contents(package_root())


def test_check_names_each_file_a_build_would_change_and_writes_nothing(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.assets.files.package_root", lambda: package)
    (package / "LICENSE.txt").unlink()
    before = contents(package)

    answer = CliRunner().invoke(app, ["build", "--check", "--out", str(package.parent / "dist")])

    assert answer.exit_code == 1
    assert answer.stderr == "created integration/LICENSE.txt\n"
    assert contents(package) == before
    assert not (package.parent / "dist").exists()


def test_an_archive_that_cannot_be_written_is_said_without_a_traceback(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.assets.files.package_root", lambda: package)
    in_the_way = package.parent / "dist"
    in_the_way.touch()

    answer = CliRunner().invoke(app, ["build", "--out", str(in_the_way)])

    assert (answer.exit_code, answer.stderr) == (1, f"error: {in_the_way} cannot be written: File exists\n")


def test_the_archive_is_the_same_byte_for_byte_whenever_and_wherever_it_is_made(package: Path) -> None:
    for path in package.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert pack(package) == pack(package_root())


def test_the_archive_holds_the_package_in_its_own_folder_without_what_is_for_its_builders() -> None:
    name, content = pack(package_root())
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert name == f"aoai-{__version__}.zip"
    assert names == sorted(names)
    expected = {path for path in contents(package_root()) if not path.startswith("_dev/")}
    assert {path.removeprefix(f"aoai-{__version__}/") for path in names} == expected


def test_a_manifest_of_another_version_is_refused(package: Path) -> None:
    manifest = package / "manifest.yml"
    manifest.write_text(re.sub(r"(?m)^version: .*$", "version: 9.9.9", manifest.read_text()))
    with pytest.raises(AssetError, match=rf"version 9\.9\.9, not {re.escape(__version__)}"):
        pack(package)


@pytest.mark.parametrize("dataset", [each for each in DATASETS if each.has_pipeline], ids=lambda each: each.stream)
def test_the_package_brings_the_pipelines_that_setup_installs(dataset: Any, package: Path) -> None:
    """Fleet puts the ids in the place of the calls and adds that of the user's own; only the package has geography."""
    entry = f"{dataset.stream}-{__version__}"
    installed = {name: body for name, body in pipelines().items() if name == entry or name.startswith(f"{entry}-")}
    (folder,) = {
        path.parent.parent.parent
        for path in package.glob("data_stream/*/manifest.yml")
        if (manifest := yaml.safe_load(path.read_text()))
        and f"{manifest['type']}-{manifest['dataset']}" == dataset.stream
        for path in path.parent.glob("elasticsearch/ingest_pipeline/default.yml")
    }
    brought: dict[str, Any] = {}
    for path in (folder / "elasticsearch" / "ingest_pipeline").glob("*.yml"):
        text = re.sub(
            r'\{\{ IngestPipeline "default" \}\}|\{\{ IngestPipeline "([\w-]+)" \}\}', rf"{entry}-\1", path.read_text()
        )
        brought[entry if path.stem == "default" else f"{entry}-{path.stem}"] = yaml.safe_load(text)
    assert brought.keys() == installed.keys()
    for name, body in brought.items():
        expected = {key: value for key, value in installed[name].items() if key != "_meta"}
        assert without(body, ONLY_ELASTICSEARCH) == without(expected, BY_FLEET), name


def without(pipeline: dict[str, Any], tags: set[str]) -> dict[str, Any]:
    """The pipeline without the processors that have one of these tags."""
    kept = [each for each in pipeline["processors"] if not {part["tag"] for part in each.values()} & tags]
    return {**pipeline, "processors": kept}
