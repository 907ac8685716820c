"""The archive that Kibana installs, ``aoai-VERSION.zip``.

Files stand in the order of their names, with one time and one mode, and are not deflated, since libraries differ in how
they do it: the same content gives the same bytes everywhere. The folders ``_dev`` are for who builds the package and
are left out, as package-spec asks.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from collector import __version__
from collector.assets.errors import AssetError
from collector.assets.files import read_yaml_object
from collector.assets.package.dashboard_files import encode_for_archive

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can hold."""
_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3
_PRIVATE: Final = "_dev"


def pack(root: Path) -> tuple[str, bytes]:
    """The name and bytes of the archive of the package below ``root``.

    Raises:
        AssetError: the manifest cannot be read, or is of another version than the collector.
    """
    manifest = read_yaml_object(root / "manifest.yml")
    if manifest["version"] != __version__:
        raise AssetError(f"the package's manifest.yml is of version {manifest['version']}, not {__version__}")
    folder = f"{manifest['name']}-{__version__}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in _published(root):
            archive.writestr(_entry(f"{folder}/{path}"), encode_for_archive(path, (root / path).read_bytes()))
    return f"{folder}.zip", buffer.getvalue()


def _published(root: Path) -> Iterator[PurePosixPath]:
    files = (PurePosixPath(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    yield from sorted(path for path in files if _PRIVATE not in path.parts)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    return entry
