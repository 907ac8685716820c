"""One round of polling: asks for what became final, writes it, and fills what is missing.

    targets ──> scopes: which minutes?        (progress, scopes, minutes)
                  │
                  v
                lots of calls ──> Azure       (planning, asking, limits)
                  │
                  v
                rows, compared with what was written    (series, written)
                  │
       state with what is about to be written ──> store
                  │
                  v
                documents ──> Elasticsearch   (documents)
                  │
                  v
                cursor and ledger             (scopes, gaps)

A round never waits for a clock: whoever runs it decides when, once a minute. After a crash the next round writes the
same documents under the same ids.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Final

from collector.inputs.azure_metrics.asking import Answers, Asker, CallCounts
from collector.inputs.azure_metrics.documents import build
from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState
from collector.inputs.azure_metrics.limits import CallBudget
from collector.inputs.azure_metrics.minutes import Timing
from collector.inputs.azure_metrics.planning import RESOURCES_A_CALL, Lot, Target, Want, plan, shard_of
from collector.inputs.azure_metrics.ports import CursorStore, Document, DocumentSink, MetricsSource, OvertakenError
from collector.inputs.azure_metrics.progress import Progress, Tracked
from collector.inputs.azure_metrics.scopes import Delivery
from collector.inputs.azure_metrics.series import Reading, read

_POINTS_A_CALL: Final = 50_000
"""About 10 MB as objects; with ``_AT_ONCE`` of them under way the memory stays bounded, whatever the estate's size."""
_UNKNOWN_DENSITY: Final = 100.0
"""Points a resource and minute before the first answer."""
_AT_ONCE: Final = 4
_DOCUMENTS_AT_ONCE: Final = 2_000


@dataclass(slots=True)
class Figures:
    """What was done since the start, for those who watch."""

    calls: CallCounts
    rounds: int = 0
    points: int = 0
    documents: int = 0
    late_documents: int = 0
    """Documents for metrics that came after the document of their dimension set; among ``documents``."""
    restated_documents: int = 0
    """Documents that keep a value which Azure has changed since."""


class Poller:
    """Polls the targets it is aimed at, round by round."""

    def __init__(  # noqa: PLR0913 - three neighbours and four settings
        self,
        source: MetricsSource,
        sink: DocumentSink,
        store: CursorStore,
        *,
        budget: CallBudget,
        clock: Callable[[], float],
        timing: Timing | None = None,
        largest: int = RESOURCES_A_CALL,
    ) -> None:
        """Take the neighbours; ``clock`` tells seconds since 1970.

        ``largest`` is how many resources a call may name: 1 where only the API of a single resource is there.
        """
        self._asker = Asker(source, budget, clock)
        self._sink = sink
        self._clock = clock
        self._timing = timing or Timing()
        self._largest = largest
        self._targets: tuple[Target, ...] = ()
        self._tracked: list[Tracked] = []
        self._density: dict[str, float] = {}
        self.progress = Progress(store, self._timing)
        self.figures = Figures(self._asker.counts)

    async def load(self) -> None:
        """Take up the state that an earlier poller left."""
        await self.progress.load()

    def aim(self, targets: Iterable[Target]) -> None:
        """Poll these from the next round on, instead of the earlier ones."""
        self._targets = tuple(targets)
        self._asker.forget()

    def lag(self) -> int:
        """Return for how many final minutes the slowest target was not asked yet."""
        final = self._timing.final(self._clock())
        return max((final - each.scope.cursor for each in self._tracked), default=0)

    async def round(self) -> None:
        """Ask for everything that is due, once, and write it.

        Raises:
            OvertakenError: another collector polls now.
        """
        final = self._timing.final(self._clock())
        tracked = self._tracked = self.progress.track(self._targets, final)
        for each in tracked:
            self.progress.settle(each.shard, each.scope.catch_up(final, self._timing, self._clock()))
        # Where calls are scarce, the present would use them all, and no gap would ever be filled.
        self._asker.keep_half({each.resource.subscription_id for each in tracked if each.scope.gaps.unanswered()})
        answered = await self._work(tracked, self._live(tracked, final), live=True)
        self._asker.keep_half(())
        # A resource that Azure did not answer for now would only be refused once more.
        willing = [each for each in tracked if (each.shard, each.resource.key) in answered]
        await self._work(willing, self._back_fill(willing), live=False)
        self.progress.expire(final, self._clock())
        self.figures.rounds += 1

    async def close(self) -> None:
        """Store where every scope stands."""
        await self.progress.save_all()

    def _live(self, tracked: Iterable[Tracked], final: int) -> Iterator[Want]:
        for each in tracked:
            span = each.scope.span(final, self._timing)
            if span is not None:
                yield Want(each.resource, each.group, *span)

    def _back_fill(self, tracked: Iterable[Tracked]) -> Iterator[Want]:
        """Take a piece of each scope's newest gap that Azure has not answered for."""
        for each in tracked:
            gap = max(each.scope.gaps.unanswered(), key=lambda gap: gap.end, default=None)
            if gap is not None:
                yield Want(each.resource, each.group, max(gap.start, gap.end - self._timing.longest_span), gap.end)

    async def _work(self, tracked: Iterable[Tracked], wants: Iterable[Want], *, live: bool) -> set[tuple[str, str]]:
        """Ask for what is wanted, a few lots at once; return the scopes that Azure answered for."""
        by_scope = {(each.shard, each.resource.key): each for each in tracked}
        turns = asyncio.Semaphore(_AT_ONCE)
        answered: set[tuple[str, str]] = set()

        async def work(lot: Lot) -> None:
            async with turns:
                members = [by_scope[lot.shard, resource.key] for resource in lot.resources]
                answered.update(await self._handle(lot, members, live=live))

        try:
            async with asyncio.TaskGroup() as group:
                for lot in self._lots(list(wants)):
                    group.create_task(work(lot))
        except* OvertakenError as overtaken:
            raise OvertakenError(*overtaken.exceptions[0].args) from overtaken
        return answered

    async def _handle(self, lot: Lot, members: list[Tracked], *, live: bool) -> set[tuple[str, str]]:
        answers = await self._asker.ask(lot)
        deliveries = [
            (each, self._compare(lot, each, answers)) for each in members if each.resource.key in answers.found
        ]
        if live:
            self._note_failures(lot, members, answers)
        await self.progress.save(lot.shard)
        documents = (document for each, delivery in deliveries for document in self._documents(each, delivery))
        for some in batched(documents, _DOCUMENTS_AT_ONCE):
            await self._sink.deliver(some)
            self.figures.documents += len(some)
        for each, delivery in deliveries:
            self.progress.settle(each.shard, each.scope.take_over(delivery, self._timing, self._clock()))
        return {(each.shard, each.resource.key) for each, _ in deliveries}

    def _compare(self, lot: Lot, each: Tracked, answers: Answers) -> Delivery:
        reading = read(lot.group, answers.found[each.resource.key], lot.start, lot.end)
        self._weigh(lot, reading)
        if reading.errors:
            self._list_errors(each, reading, lot.end)
        delivery = each.scope.compare(reading, lot.start, lot.end)
        self.figures.restated_documents += sum(delivery.restated.values())
        return delivery

    def _list_errors(self, each: Tracked, reading: Reading, end: int) -> None:
        """List the minutes for which Azure answered for some metrics and not for others; those it has are written."""
        start, now = each.scope.cursor, int(self._clock())
        if start < end:
            gap = Gap(
                resource=each.resource.key,
                group=each.group.key,
                start=start,
                end=end,
                reason=GapReason.UNAVAILABLE,
                state=GapState.LOST,
                since=now,
                settled=now,
                detail="; ".join(reading.errors),
            )
            self.progress.settle(each.shard, [gap])

    def _note_failures(self, lot: Lot, members: Iterable[Tracked], answers: Answers) -> None:
        for each in members:
            failure = answers.failed.get(each.resource.key)
            if failure is not None:
                each.scope.fail(lot.end, failure.reason, self._clock(), failure.detail)

    def _documents(self, each: Tracked, delivery: Delivery) -> Iterator[Document]:
        for minutes, late in ((delivery.fresh, False), (delivery.late, True)):
            for minute, rows in minutes.items():
                self.figures.late_documents += len(rows) * late
                named = ((delivery.dimensions[key], row) for key, row in rows.items())
                yield from build(each.resource, each.group, minute, named, late=late)

    def _lots(self, wants: list[Want]) -> list[Lot]:
        alone = [self._asker.apart(shard_of(want.resource, want.group), want.resource.key) for want in wants]
        together = plan((want for want, apart in zip(wants, alone, strict=True) if not apart), self._lot_size)
        return together + plan((want for want, apart in zip(wants, alone, strict=True) if apart), lambda _: 1)

    def _lot_size(self, want: Want) -> int:
        """Return how many resources fit into a call, by what such calls have returned lately."""
        density = self._density.get(want.group.shape, _UNKNOWN_DENSITY)
        return max(1, min(self._largest, int(_POINTS_A_CALL / (density * (want.end - want.start)))))

    def _weigh(self, lot: Lot, reading: Reading) -> None:
        self.figures.points += reading.points
        density = max(1.0, reading.points / (lot.end - lot.start))
        before = self._density.get(lot.group.shape, 0.0)
        self._density[lot.group.shape] = max(density, before * 0.99)
