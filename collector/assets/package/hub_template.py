"""The stream template with which an Elastic Agent reads an event hub: one text for each data stream of logs.

The record arrives in ``message`` as a text, as our collector sends it, so the same pipelines serve both.
"""

from pathlib import PurePosixPath
from typing import Final

from collector.assets.errors import AssetError
from collector.assets.files import package_root

SOURCE: Final = PurePosixPath("_dev") / "shared" / "azure-eventhub.yml.hbs"
FILE: Final = PurePosixPath("agent") / "stream" / "azure-eventhub.yml.hbs"
"""Where it stands in the folder of a data stream."""
_HEADING: Final = f"{{{{! Built from {SOURCE} by `aoai-collector build`; change that, not this file. }}}}\n"


def render_hub_template() -> str:
    """The template.

    Raises:
        AssetError: its source cannot be read.
    """
    try:
        return _HEADING + (package_root() / SOURCE).read_text(encoding="utf-8")
    except OSError as error:
        raise AssetError(f"integration/{SOURCE} cannot be read: {error.strerror}") from error
