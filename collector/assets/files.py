"""Where the sources of the assets lie, and how they are read.

In a checkout they are read from its tree. A wheel carries copies under ``collector/assets/shipped/``.
"""

from functools import cache
from pathlib import Path
from typing import cast

import yaml

from collector.assets.errors import AssetError

type Body = dict[str, object]
"""A JSON object as Elasticsearch takes it."""


@cache
def sources_root() -> Path:
    """The folder that holds ``ingest-pipelines`` and ``catalogue``.

    Raises:
        AssetError: neither a checkout nor a complete installation is around this module.
    """
    room = Path(__file__).resolve().parent
    for candidate in (room.parents[1], room / "shipped"):
        if (candidate / "ingest-pipelines").is_dir() and (candidate / "catalogue").is_dir():
            return candidate
    raise AssetError(f"no ingest-pipelines and catalogue beside {room}: the installation is incomplete")


def package_root() -> Path:
    """The folder of the Elastic package in a checkout, where it can be built.

    Raises:
        AssetError: this is no checkout.
    """
    root = shipped_package()
    if not (root.parent / "collector").is_dir():
        raise AssetError("the package is built in a checkout of the project, and this is an installation of it")
    return root


def shipped_package() -> Path:
    """The folder of the Elastic package as it is shipped.

    Raises:
        AssetError: the installation is incomplete.
    """
    root = sources_root() / "integration"
    if not (root / "manifest.yml").is_file():
        raise AssetError(f"no manifest.yml in {root}: the installation is incomplete")
    return root


def read_pipelines() -> dict[tuple[str, str], Body]:
    """Every pipeline's source by folder and file stem, as in ``ingest-pipelines/aoai.logs/default.yml``."""
    root = sources_root() / "ingest-pipelines"
    return {(path.parent.name, path.stem): read_yaml_object(path) for path in sorted(root.glob("*/*.yml"))}


def read_functions() -> str:
    """The functions that scripts of the pipelines call, of all ``.painless`` files, with blank lines between."""
    paths = sorted((sources_root() / "ingest-pipelines").glob("*/*.painless"))
    try:
        return "\n\n".join(path.read_text(encoding="utf-8").strip() for path in paths)
    except OSError as error:
        raise AssetError(f"functions of the pipelines cannot be read: {error}") from error


def read_catalogue() -> list[object]:
    """The entries of ``catalogue/fields.yml`` as they are written there."""
    path = sources_root() / "catalogue" / "fields.yml"
    content = _read(path)
    if not isinstance(content, list):
        raise AssetError(f"{path.name}: a list of fields is expected")
    return cast("list[object]", content)


def read_prices() -> Body:
    """The price list, ``catalogue/prices.yml``."""
    return read_yaml_object(sources_root() / "catalogue" / "prices.yml")


def read_yaml_object(path: Path) -> Body:
    """The object in a YAML file.

    Raises:
        AssetError: it cannot be read, or holds something else.
    """
    content = _read(path)
    if not isinstance(content, dict):
        raise AssetError(f"{path.name}: an object is expected")
    return cast("Body", content)


def _read(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise AssetError(f"{path.name} cannot be read: {error}") from error
