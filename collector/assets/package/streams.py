"""The data streams of the package, and the folder of each."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from collector.assets import health_template
from collector.assets.field_files import folder_of
from collector.assets.templates import DATASETS, Dataset

DATA_STREAMS: Final = PurePosixPath("data_stream")


@dataclass(frozen=True, slots=True)
class PackageStream:
    """A data stream of the package. ``dataset`` is the catalogue's; the collector's own numbers have none there."""

    folder: str
    dataset: Dataset | None = None

    @property
    def path(self) -> PurePosixPath:
        """Its folder, below the package's."""
        return DATA_STREAMS / self.folder


def package_streams() -> tuple[PackageStream, ...]:
    """All of them, the collector's own numbers last."""
    streams = [PackageStream(folder_of(dataset.name), dataset) for dataset in DATASETS]
    return (*streams, PackageStream(health_template.FOLDER))
