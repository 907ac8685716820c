"""Alert rules as people write them: ``dashboards/rules/*.yml``, one rule a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from collector.assets.errors import AssetError
from collector.assets.files import read_yaml_object, sources_root

ID_PREFIX: Final = "aoai-"

type Span = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]*[smhd]$")]
"""A span of time as Kibana writes it."""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is worked out of the documents of a window: exactly one of these.

    Attributes:
        count: how many documents match a KQL query; all of them when it is empty.
        sum: the sum of a field.
        avg: the mean of a field.
        max: the greatest value of a field.
        min: the least value of a field.
    """

    count: str | None = None
    sum: str | None = None
    avg: str | None = None
    max: str | None = None
    min: str | None = None

    def __post_init__(self) -> None:
        """Refuse none, and more than one."""
        if len(self.chosen) != 1:
            raise ValueError("a figure is one of count, sum, avg, max, min")

    @property
    def chosen(self) -> Mapping[str, str]:
        """The kind of figure with its query or field."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name, None)) is not None}


class RuleSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule. With ``equation`` it is a custom threshold rule, without an Elasticsearch query rule that counts.

    Attributes:
        name: what people read; begins with the package's title.
        question: what the rule asks, as a question.
        every: how often it runs.
        delay: how many runs in a row must match before there is an alert.
        window: how far back a run looks.
        index: the index pattern it reads, of every namespace.
        filter: a KQL query that all documents of it match.
        by: the fields whose values make groups, each with an alert of its own; documents without one are left out.
        figures: what the equation is made of, by capital letter.
        equation: the value of a group, in the words of Kibana.
        above: there is an alert when the value is greater.
        fewer_than: of a rule that counts, there is an alert when fewer documents match.
        unit: what the value is in.
        change: when to change the threshold, and to what.
    """

    name: str
    question: str
    every: Span = "1m"
    delay: int = 1
    window: Span
    index: str
    filter: str = ""
    by: tuple[str, ...] = ()
    figures: Mapping[str, Figure] = msgspec.field(default_factory=dict[str, Figure])
    equation: str = ""
    above: float | None = None
    fewer_than: int | None = None
    unit: str
    change: str

    def __post_init__(self) -> None:
        """Refuse what is neither of the two kinds: they answer different questions."""
        counts = self.fewer_than is not None
        if counts == (self.above is not None) or counts == bool(self.equation and self.figures):
            raise ValueError("a rule has figures, equation and above, or fewer_than alone")
        if counts and self.by:
            raise ValueError("a rule with fewer_than has no groups: a group without documents is not seen")


def load_rule_sources(folder: Path | None = None) -> Mapping[str, RuleSource]:
    """Read every rule, by id.

    Raises:
        AssetError: a file is no rule.
    """
    return {f"{ID_PREFIX}{stem}": source for stem, source in read_folder(RuleSource, "rules", folder).items()}


def read_folder[T](kind: type[T], name: str, folder: Path | None = None) -> Mapping[str, T]:
    """Read every file of a folder in ``dashboards``, or of another one, by the stems of their names.

    Raises:
        AssetError: a file is not of that kind.
    """
    paths = sorted((folder or sources_root() / "dashboards" / name).glob("*.yml"))
    return {path.stem: _read(kind, path) for path in paths}


def _read[T](kind: type[T], path: Path) -> T:
    try:
        return msgspec.convert(read_yaml_object(path), kind)
    except msgspec.ValidationError as error:
        raise AssetError(f"{path.name}: {error}") from error
