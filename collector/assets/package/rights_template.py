"""The stream template of data streams that the collector writes unasked: dead letters, deployments, its own numbers.

Fleet's key may write what a policy lists as streams, and nothing else; so these are streams, and nothing is read for
them (`collector.policy.input_kinds.WRITTEN_ONLY`).
"""

from pathlib import PurePosixPath
from typing import Final

FILE: Final = PurePosixPath("agent") / "stream" / "rights.yml.hbs"
"""Where it stands in the folder of a data stream."""
TEMPLATE: Final = (
    "{{! Built by `aoai-collector build`: listed so that the agent's key may write the data stream. }}\nwritten: true\n"
)
