"""The pipelines as the files of a package: calls by file name, which Fleet replaces with the ids it installs under."""

from pathlib import PurePosixPath
from typing import Final, override

import yaml

from collector.assets.files import Body
from collector.assets.hooks import with_hooks
from collector.assets.package.streams import PackageStream
from collector.assets.pipelines import pipelines_of

HEADING: Final = "---\n# Built from ingest-pipelines/ by `aoai-collector build`; change that, not this file.\n"
"""package-spec wants the three dashes first."""


def pipeline_files(stream: PackageStream) -> dict[PurePosixPath, bytes]:
    """The pipelines of a data stream, those of ``shared`` that it calls included; none for one without."""
    if stream.dataset is None or not stream.dataset.has_pipeline:
        return {}
    folder = stream.path / "elasticsearch" / "ingest_pipeline"
    name = stream.dataset.name
    return {
        folder / f"{stem}.yml": render_pipeline(with_hooks(body, name, custom=False)).encode()
        for stem, body in pipelines_of(name).items()
    }


def render_pipeline(body: Body) -> str:
    """A pipeline as YAML that parses to the same body; scripts stand line by line."""
    return HEADING + yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as a block, and a value that stands twice, twice."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _represent_text)
