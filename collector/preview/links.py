"""The links of a panel: to other dashboards, and to pages elsewhere."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_LINE: Final = re.compile(r"- \[(?P<label>.+)\]\((?P<target>\S+)\)")


class Link(NamedTuple):
    """Where a link leads: ``target`` is ``#`` and the id of a dashboard, or an address."""

    label: str
    target: str


def read_links(text: str) -> Sequence[Link]:
    """Return the links of a panel whose Markdown is a list of links, as the panel runner writes it; none otherwise."""
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    links = [Link(line["label"], line["target"]) for line in found if line is not None]
    return links if len(links) == len(found) else ()
