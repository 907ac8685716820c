"""Data streams that are there already: new templates reach them with a rollover, and they hold on to the old ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast, override

from collector.assets.files import Body
from collector.assets.setup.asset import CURRENT, Asset, AssetId, Comparison, Place, State
from collector.assets.setup.elasticsearch.cluster import STREAMS, Cluster
from collector.assets.setup.kinds import Kind
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import ElasticsearchWishes

_LATER: Final = "its next rollover brings that; --rollover does it now"
_DATA: Final = "its documents are yours; --with-data deletes it with them"
_SHOWN: Final = 4
"""Fields that a line names."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A data stream as the cluster describes it.

    ``pipelines`` tells the default pipeline of each of its indices, or none; the last index is the one written to.
    """

    name: str
    pipelines: Mapping[str, str | None]

    @property
    def template(self) -> str:
        """The index template that its name belongs to: ``logs-aoai.logs-default`` to ``logs-aoai.logs``."""
        return "-".join(self.name.split("-")[:2])


class DataStream(Asset):
    """One data stream made from a template of ours. Its documents are the user's: removed on request only.

    ``templates`` are what it is made from; what is about to change there, it lacks.
    """

    place = Place.ELASTICSEARCH

    def __init__(
        self, cluster: Cluster, stream: Stream, templates: Sequence[Asset], wishes: ElasticsearchWishes
    ) -> None:
        self.id = AssetId(Kind.DATA_STREAM, stream.name)
        pipelines = (AssetId(Kind.PIPELINE, name) for name in stream.pipelines.values() if name)
        self.needs = frozenset([*(template.id for template in templates), *pipelines])
        self._cluster = cluster
        self._stream = stream
        self._templates = templates
        self._wishes = wishes

    @override
    async def compare(self) -> Comparison:
        words = [
            f"lacks what {template.id} brings"
            for template in self._templates
            if (await template.compare()).state is not State.CURRENT
        ]
        words = words or await self._find_lacking()
        if not words:
            return CURRENT
        if self._wishes.rollover:
            return Comparison(State.DIFFERENT, tuple(words))
        return Comparison(State.KEPT, (*words, _LATER))

    @override
    async def find_obstacle(self) -> RefusalError | None:
        return self._cluster.lack(self.id, "manage")

    @override
    async def find_holders(self) -> tuple[str, ...]:
        return () if self._wishes.with_data else (_DATA,)

    @override
    async def write(self) -> None:
        await self._cluster.write("POST", f"/{self.id.name}/_rollover", str(self.id))

    @override
    async def remove(self) -> None:
        await self._cluster.write("DELETE", f"/_data_stream/{self.id.name}", str(self.id))

    async def _find_lacking(self) -> list[str]:
        """Compare the index that is written to with what a rollover would make: pipeline, and types of fields."""
        index, pipeline = list(self._stream.pipelines.items())[-1]
        # The embedded engine refuses to simulate an index where there is a data stream.
        embedded = self._cluster.embedded
        simulated = f"_simulate/{self._stream.template}" if embedded else f"_simulate_index/{self.id.name}"
        answer = await self._cluster.read(f"/_index_template/{simulated}", str(self.id), method="POST")
        coming = _part(answer, "template")
        wanted = _part(coming, "settings", "index").get("default_pipeline")
        lines: list[str] = []
        if wanted != pipeline:
            lines.append(f"default_pipeline: {pipeline or 'nothing'} -> {wanted or 'nothing'}")
        stored = dict(_types(_part(await self._cluster.read(f"/{index}/_mapping", str(self.id)), index, "mappings")))
        lacking = sorted(field for field, kind in _types(_part(coming, "mappings")) if stored.get(field) != kind)
        if lacking:
            more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
            lines.append(f"lacks the mapping of {', '.join(lacking[:_SHOWN])}{more}")
        return lines


async def read_streams(cluster: Cluster) -> list[Stream]:
    """The data streams whose names are of our data sets, in every namespace; none is an empty list.

    Raises:
        RefusalError: the login may not look at them.
    """
    patterns = ",".join(STREAMS)
    found = await cluster.read(f"/_resolve/index/{patterns}", "data streams")
    settings = await cluster.read(f"/{patterns}/_settings/index.default_pipeline", "data streams")
    streams: list[Stream] = []
    for each in cast("list[Body]", found.get("data_streams") or []):
        indices = cast("str | list[str]", each["backing_indices"])
        # OpenSearch, and so the embedded engine, gives a single one without a list.
        listed = [indices] if isinstance(indices, str) else indices
        pipelines = {
            index: cast("str | None", _part(settings, index, "settings", "index").get("default_pipeline"))
            for index in listed
        }
        streams.append(Stream(cast("str", each["name"]), pipelines))
    return streams


def _part(body: Body, *keys: str) -> Body:
    for key in keys:
        body = cast("Body", body.get(key) or {})
    return body


def _types(mapping: Body, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Fields and their types; objects have none."""
    for name, field in cast("dict[str, Body]", mapping.get("properties") or {}).items():
        if "type" in field and "properties" not in field:
            yield f"{prefix}{name}", cast("str", field["type"])
        yield from _types(field, f"{prefix}{name}.")
