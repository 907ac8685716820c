"""Sends dead letters again: reads them, lets today's policy encode them, delivers them through an output of their own.

A document that is no record, as those of metrics, is sent as it was kept.

Promises: what is in its data stream already is found and not written again, in whichever backing index it lies; what
is refused again is a dead letter still; nothing is deleted. A local file is taken away before it is read, so that a
daemon may go on appending, and kept under another name when each of its letters has an answer.

Needs ``read`` beside the rights of ``run``. Does not mark what it sent: a key that may only create cannot.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from collector.agent.output_settings import bulk_settings, dead_letter_path
from collector.agent.stream_encoding import build_encoder
from collector.assets.errors import AssetError, AssetsUnreadableError
from collector.assets.presence import missing_assets
from collector.delivery.budget import Budget
from collector.delivery.processing import RecordProcessing, is_constant
from collector.delivery.routing import routes_beside
from collector.events import DataStream, Entry, Reject, Source
from collector.inputs.replay.letter_file import read_file
from collector.inputs.replay.letter_search import LetterSearch
from collector.inputs.replay.letters import Letter, NoDeadLetterError, Place, Selection
from collector.inputs.replay.resending import CannotBeSentError, Resending, resend_document
from collector.output.dead_letter import DeadLetterFile
from collector.output.elasticsearch.client import BulkClient
from collector.output.elasticsearch.connection import client_settings
from collector.output.elasticsearch.encoding import DEAD_LETTER_DATASET
from collector.output.elasticsearch.items import Item
from collector.output.elasticsearch.node import LetterNode
from collector.output.elasticsearch.output import ElasticsearchOutput
from collector.output.elasticsearch.replay_window import ReplayWindow
from collector.policy import EventHubStream, Policy
from collector.policy.processors import Processor
from collector.redact.choice import choose_policy
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

NO_STREAM: Final = "no stream of the policy reads its hub with its consumer group"
_PATIENCE_SECONDS: Final = 120.0
"""Without an answer for any letter; a daemon waits for ever, a person at a terminal does not."""
_SECONDS_BETWEEN_LOOKS: Final = 0.5
_NO_LIMIT: Final = 10.0**8


class ReplayError(Exception):
    """The replay cannot go on; the message says why and what is left as it was."""


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of the letters that were read."""

    counters: Counters
    unsent: Counter[str] = field(default_factory=Counter[str])
    """Letters of which nothing could be sent, by reason; they stay dead letters."""
    unreadable: list[str] = field(default_factory=list[str])
    """Where something lies that is no dead letter."""
    finished: list[Path] = field(default_factory=list[Path])
    """Local files whose letters were all answered for, under their names from now on."""

    @property
    def complete(self) -> bool:
        """Whether every letter's record is in its data stream now, or was dropped on purpose."""
        return not self.unsent and not self.unreadable and not self.counters.dead_lettered


class DeadLetterReplay:
    """The replay for one output of a policy."""

    def __init__(self, policy: Policy, output: str, data: Path, selection: Selection, files: Sequence[Path]) -> None:
        """Prepare; ``files`` are read in place of the data streams and the local file, and left as they are.

        Raises:
            OSError: a certificate or the key of the content policy cannot be used.
        """
        self._policy = policy.outputs[output]
        self._settings: dict[str, Any] = client_settings(self._policy) | {"node_class": LetterNode}
        self._streams = [
            (stream, source.processors + stream.processors)
            for source, stream in policy.streams()
            if source.use_output == output
        ]
        self._namespaces = {
            stream.data_stream.namespace: None
            for source, stream in (*policy.streams(), *policy.metrics_streams())
            if source.use_output == output
        }
        self._data = data
        self._selection = selection
        self._files = files
        self._local = DeadLetterFile(dead_letter_path(data, output))
        self._resendings: dict[tuple[str, str, DataStream, bool], Resending | None] = {}
        self._client = BulkClient(self._settings, compression_level=0)
        self.trouble = Trouble(f"output {output}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def plan(self) -> Counter[tuple[str, str]]:
        """Return how many letters are wanted, by reason and by the data stream that they were meant for.

        Raises:
            SearchError: dead letters cannot be read.
            OSError: a local file cannot be read.
        """
        found: Counter[tuple[str, str]] = Counter()
        for search in self._searches():
            found += await search.count()
        for path in self._files or [*self._local.unfinished(), self._local.path]:
            if self._files or path.exists():
                letters = (letter for letter in read_file(path) if isinstance(letter, Letter))
                found.update((each.reason, each.target.name) for each in letters if self._selection.wants(each))
        return found

    async def send(self, report: Callable[[int], None] = lambda _: None) -> Fates:
        """Send them and wait for each answer; ``report`` gets the number of letters that were read so far.

        Raises:
            ReplayError: the server is not ready, or answers for nothing any more.
            SearchError: dead letters cannot be read.
            OSError: a local file cannot be read.
        """
        await self._check_readiness()
        fates = Fates(Counters())
        output = ElasticsearchOutput(
            self._settings,
            bulk_settings(self._policy),
            dead_letter_file=self._local.path,
            counters=fates.counters,
            trouble=self.trouble,
        )
        output.start()
        sending = asyncio.create_task(self._send_all(output, fates, report))
        guard = asyncio.create_task(self._guard(fates.counters))
        failing = asyncio.create_task(output.failed())
        try:
            await asyncio.wait([sending, guard, failing], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
            elif guard.done():
                await guard
            else:
                raise ReplayError(f"the output failed: {await failing}")
        finally:
            for task in (sending, guard, failing):
                task.cancel()
            await asyncio.gather(sending, guard, failing, return_exceptions=True)
            await output.close()
        return fates

    async def _send_all(self, output: ElasticsearchOutput, fates: Fates, report: Callable[[int], None]) -> None:
        budget = Budget(self._policy.max_in_flight_bytes, self._policy.max_in_flight_records)
        taken = [] if self._files else self._local.set_aside(datetime.now(UTC))
        read = 0
        async for letter in self._letters(taken):
            if isinstance(letter, NoDeadLetterError):
                fates.unreadable.append(str(letter))
                continue
            for item, size in self._items(letter, fates, budget):
                await budget.take(size, 1)
                fates.counters.received += 1
                fates.counters.in_flight += 1
                output.add(item)
            read += 1
            report(read)
        await output.drain(_NO_LIMIT)
        fates.finished.extend(self._local.finish(path) for path in taken)

    async def _letters(self, taken: Sequence[Path]) -> AsyncIterator[Letter | NoDeadLetterError]:
        for path in [*self._files, *taken]:
            for letter in read_file(path):
                # Of a file that is put away afterwards nothing may be left out.
                if isinstance(letter, NoDeadLetterError) or path in taken or self._selection.wants(letter):
                    yield letter if isinstance(letter, Letter) else NoDeadLetterError(f"{path}: {letter}")
        for search in self._searches():
            async for letter in search.letters():
                yield letter if isinstance(letter, Letter) else NoDeadLetterError(f"{search.stream}: {letter}")

    def _items(self, letter: Letter, fates: Fates, budget: Budget) -> list[tuple[Item, int]]:
        window, size = ReplayWindow(), len(letter.original)

        def item(line: bytes, reason: str | None) -> tuple[Item, int]:
            settle = partial(budget.give_back, len(line), 1)
            return Item(line, settle, reason, window, size=size), len(line)

        wanted = letter.lines is None or self._selection.wants(letter)
        try:
            lines = self._lines(letter) if wanted else []
        except CannotBeSentError as error:
            fates.unsent[str(error)] += 1
            lines = []
        if not lines:
            # A letter of a local file goes to where dead letters belong, if Elasticsearch takes it now.
            return [item(letter.lines, letter.reason)] if letter.lines is not None else []
        fates.counters.received += (dropped := sum(line is None for line, _ in lines))
        fates.counters.dropped += dropped
        return [
            item(line, entry.reason if isinstance(entry, Reject) else None) for line, entry in lines if line is not None
        ]

    def _lines(self, letter: Letter) -> list[tuple[bytes | None, Entry | None]]:
        if letter.place is None:
            return [(resend_document(letter), None)]
        return list(self._resending(letter, letter.place).lines(letter, letter.place))

    def _resending(self, letter: Letter, place: Place) -> Resending:
        key = (place.hub.lower(), place.consumer_group.lower(), letter.target, letter.stage == "split")
        if key not in self._resendings:
            self._resendings[key] = self._build_resending(letter, place)
        resending = self._resendings[key]
        if resending is None:
            raise CannotBeSentError(NO_STREAM)
        return resending

    def _build_resending(self, letter: Letter, place: Place) -> Resending | None:
        found = self._find_stream(place)
        if found is None:
            return None
        stream, processors = found
        source = Source("", stream.eventhub, stream.consumer_group)  # the host is for making ids, and this one has its
        # What Elasticsearch refused goes to where it was meant; of what is split again each record has its own place.
        routes = routes_beside(letter.target.dataset) if letter.stage == "split" else None
        encoder = build_encoder(source, stream, letter.target, processors, routes=routes)
        constant = is_constant(processors)
        encode = encoder.record if constant else RecordProcessing(encoder, processors).encode
        return Resending(encoder, encode, choose_policy(stream, self._data))

    def _find_stream(self, place: Place) -> tuple[EventHubStream, tuple[Processor, ...]] | None:
        wanted = (place.hub.lower(), place.consumer_group.lower())
        for stream, processors in self._streams:
            if (stream.eventhub.lower(), stream.consumer_group.lower()) == wanted:
                return stream, processors
        return None

    def _searches(self) -> list[LetterSearch]:
        if self._files:
            return []
        streams = [DataStream("logs", DEAD_LETTER_DATASET, namespace).name for namespace in self._namespaces]
        return [LetterSearch(self._client, stream, self._selection) for stream in streams]

    async def _check_readiness(self) -> None:
        async with AsyncElasticsearch(**self._settings, max_retries=0) as client:
            try:
                missing = await missing_assets(client)
            except AssetsUnreadableError:
                return  # a key that may not look at templates is no hindrance
            except AssetError as error:
                raise ReplayError(str(error)) from error
        if missing:
            raise ReplayError(f"run `aoai-collector setup` first, this is missing: {', '.join(sorted(missing))}")

    async def _guard(self, counters: Counters) -> None:
        """Raise when there was no answer for a long time, though some is due."""
        clock = asyncio.get_running_loop().time
        settled, since = counters.settled, clock()
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            if counters.settled != settled or counters.in_flight == 0:
                settled, since = counters.settled, clock()
            elif clock() - since > _PATIENCE_SECONDS:
                what = self.trouble.what or "Elasticsearch does not answer"
                raise ReplayError(f"{what}; {counters.settled} were answered for, send the rest by the same command")
