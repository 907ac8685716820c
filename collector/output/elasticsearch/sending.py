"""Sends one bulk until every item in it is settled."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from collector.output.backoff import Pauses, Throttle, Turn
from collector.output.dead_letter import DeadLetterFile
from collector.output.elasticsearch.batching import Loads
from collector.output.elasticsearch.client import Answer, BulkClient, NotElasticsearchError, UnreachableError
from collector.output.elasticsearch.encoding import DeadLetter, dead_letter
from collector.output.elasticsearch.items import Item, Parcel, unfold
from collector.output.elasticsearch.lookup import Lookup, LookupFailedError
from collector.output.elasticsearch.outcomes import (
    GarbledReplyError,
    ItemAnswer,
    ItemError,
    ItemOutcome,
    RequestOutcome,
    all_created,
    classify_item,
    classify_request,
    read_reply,
)
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

type Bulk = Sequence[Item]

_TRIES_OF_A_500: Final = 5
"""So often a document may make the server fail; a passing fault of the server is over by then (half a minute)."""
_MAX_REASON: Final = 1000
_NOT_WRITTEN: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
)
"""What was answered like this is not there; after a time-out, a broken connection or an error nobody knows."""
_SETTLED: Final = frozenset({ItemOutcome.INDEXED, ItemOutcome.ALREADY_THERE, ItemOutcome.DROPPED, ItemOutcome.DIVERTED})


class Sender:
    """One worker's hands: sends a bulk, reads the outcomes, sends again what must be."""

    def __init__(  # noqa: PLR0913 - what the senders of an output share, and what is this one's own
        self,
        client: BulkClient,
        lookup: Lookup,
        throttle: Throttle,
        pauses: Pauses,
        file: DeadLetterFile,
        *,
        counters: Counters,
        trouble: Trouble,
        set_aside: Callable[[Bulk], None],
    ) -> None:
        """Take the output's parts, pauses of its own, and where a bulk goes that is to be tried after all others."""
        self._client = client
        self._lookup = lookup
        self._throttle = throttle
        self._pauses = pauses
        self._file = file
        self._counters = counters
        self._trouble = trouble
        self._set_aside = set_aside

    async def deliver(self, loads: Loads, *, server_errors: int = 0) -> bool:
        """Return when every document is settled or set aside: whether no request was refused as a whole on the way.

        ``server_errors`` is how often a request with these documents met a 500 before.
        """
        accepted = True
        body = self._encode(loads)
        while loads:
            async with self._throttle.turn() as turn:
                if not self._lookup.refused:
                    loads = _unfold_doubtful(loads)
                unknown = await self._leave_out_known(loads, turn)
                if unknown is None:
                    continue
                if unknown is not loads:
                    loads, body = unknown, self._encode(unknown)
                    continue
                answer = await self._ask(body)
                if answer is not None and self._settle_written(loads, answer, turn):
                    break
                loads = bulk = unfold(loads)
                outcome = RequestOutcome.AGAIN if answer is None else classify_request(answer.status)
                remaining, delayed = self._take(bulk, answer, outcome, turn)
            server_errors += outcome is RequestOutcome.SERVER_ERROR
            if answer is not None and outcome is RequestOutcome.BISECT:
                accepted = False
                remaining, delayed = await self._bisect(bulk, answer)
            elif answer is not None and server_errors >= _TRIES_OF_A_500:
                accepted = False
                remaining, delayed = await self._isolate(bulk, answer)
                server_errors = _errors_before(remaining)
            if delayed:
                await asyncio.sleep(self._pauses.next())
            if remaining is not bulk:
                loads = remaining
                body = self._encode(loads)
        return accepted

    async def _leave_out_known(self, loads: Loads, turn: Turn) -> Loads | None:
        """Settle what is in doubt and there already; return the rest, or None when nobody could be asked.

        The very loads come back when nothing was found.
        """
        doubtful = [load for load in loads if isinstance(load, Item) and load.in_doubt]
        if not doubtful:
            return loads
        try:
            known = await self._lookup.find(doubtful)
        except LookupFailedError as error:
            self._counters.failed_requests += 1
            self._trouble.report(error.what, str(error))
            turn.refused(error.retry_after)
            return None
        if not known:
            return loads
        for item in known:
            self._count(item, ItemOutcome.ALREADY_THERE)
            item.settle()
        there = {id(item) for item in known}
        unknown = [load for load in loads if id(load) not in there]
        if not unknown:  # no bulk request follows that would tell
            turn.passed()
            self._trouble.over()
        return unknown

    def _encode(self, loads: Loads) -> bytes:
        body = b"".join([load.lines for load in loads])
        self._counters.bulk_bytes += len(body)
        return self._client.compress(body)

    async def _ask(self, body: bytes) -> Answer | None:
        """Return the answer, or None when there was none."""
        self._counters.bulk_requests += 1
        try:
            return await self._client.send(body)
        except UnreachableError as error:
            self._trouble.report("Elasticsearch cannot be reached", str(error))
        except NotElasticsearchError as error:
            self._trouble.report("the output's address is not Elasticsearch", str(error), grave=True)
        return None

    def _take(self, bulk: Bulk, answer: Answer | None, outcome: RequestOutcome, turn: Turn) -> tuple[Bulk, bool]:
        """Settle what the answer settles; return what must be sent again, and whether to wait before that.

        The bulk itself comes back when the answer says nothing of any item. What is refused as a whole is nothing to
        wait for here: the throttle does.
        """
        if answer is not None and outcome is RequestOutcome.ANSWERED:
            return self._read(bulk, answer, turn)
        self._counters.failed_requests += 1
        if outcome is RequestOutcome.BISECT:
            turn.passed()
            return bulk, False
        turn.refused(answer.retry_after if answer else None)
        _doubt(bulk, answer.status if answer else None)
        if answer is not None:
            blocked = outcome is RequestOutcome.BLOCKED
            what = "Elasticsearch refuses to be written to" if blocked else "Elasticsearch asks to wait"
            self._trouble.report(what, f"{answer.status} {answer.reason}", grave=blocked)
        return bulk, False

    def _settle_written(self, loads: Loads, answer: Answer, turn: Turn) -> bool:
        """Settle all when the answer says in the usual words that each was indexed; return whether it does."""
        documents = sum([load.count for load in loads])
        if answer.status != HTTPStatus.OK or not all_created(answer.body, documents):
            return False
        turn.passed()
        self._note_success()
        for load in loads:
            if isinstance(load, Parcel):
                self._counters.indexed += load.count
                self._counters.in_flight -= load.count
                load.settle(load.count)
            else:
                self._count(load, ItemOutcome.INDEXED)
                load.settle()
        return True

    def _note_success(self) -> None:
        self._trouble.over()
        self._pauses.reset()

    def _read(self, bulk: Bulk, answer: Answer, turn: Turn) -> tuple[Bulk, bool]:
        try:
            answers = read_reply(answer.body, len(bulk))
        except GarbledReplyError as error:
            self._trouble.report("a bulk reply cannot be read", str(error))
            self._counters.failed_requests += 1
            turn.refused()
            _doubt(bulk, None)
            return bulk, False
        if all(classify_item(each.status, each.failure_store) is ItemOutcome.AGAIN for each in answers):
            turn.refused()
            self._counters.retried_items += len(bulk)
            for item, each in zip(bulk, answers, strict=True):
                _doubt([item], each.status)
            self._complain(ItemOutcome.AGAIN, answers[0])
            return bulk, False
        turn.passed()
        remaining, delayed = self._settle(bulk, answers)
        if not delayed:
            self._note_success()
        return remaining, delayed

    async def _bisect(self, bulk: Bulk, answer: Answer) -> tuple[Bulk, bool]:
        """Deliver the first half and return the second; a single item that cannot be sent is refused.

        After a 400, when nothing is wrong with the first half, the second must hold what is: it is halved in turn
        without being sent. That keeps one poisonous item of n within 2 * log2(n) + 1 further requests.
        """
        if len(bulk) > 1:
            at_fault = True
            while at_fault and len(bulk) > 1:
                half = len(bulk) // 2
                accepted = await self.deliver(bulk[:half])
                bulk = bulk[half:]
                at_fault = accepted and answer.status == HTTPStatus.BAD_REQUEST
            return bulk, False
        return self._refuse(bulk, answer)

    async def _isolate(self, bulk: Bulk, answer: Answer) -> tuple[Bulk, bool]:
        """Find what breaks the server: deliver the first half and return the second.

        A single item is at fault if the server has taken any request since the suspicion fell on it, and is refused.
        A server that has taken none says nothing of any item: the item is set aside until all others had their turn.
        """
        for item in bulk:
            if item.suspected_at < 0:
                item.suspected_at = self._throttle.passages
        if len(bulk) > 1:
            first, second = bulk[: len(bulk) // 2], bulk[len(bulk) // 2 :]
            await self.deliver(first, server_errors=_errors_before(first))
            return second, False
        if bulk[0].suspected_at < self._throttle.passages:
            return self._refuse(bulk, answer)
        self._set_aside(bulk)
        return [], False

    def _refuse(self, bulk: Bulk, answer: Answer) -> tuple[Bulk, bool]:
        refused = ItemAnswer(answer.status, ItemError("request_refused", answer.reason))
        return self._settle(bulk, [refused], ItemOutcome.REFUSED)

    def _settle(
        self, bulk: Bulk, answers: Sequence[ItemAnswer], verdict: ItemOutcome | None = None
    ) -> tuple[Bulk, bool]:
        """Return what must be sent again, and whether to wait before that; ``verdict`` overrides each status."""
        remaining: list[Item] = []
        delayed = False
        for item, answer in zip(bulk, answers, strict=True):
            outcome = verdict or self._outcome(item, answer)
            if outcome is ItemOutcome.REFUSED and item.dead_letter_reason is None:
                _make_dead_letter(item, answer)
                remaining.append(item)
            elif outcome in _SETTLED or (outcome is ItemOutcome.REFUSED and self._keep_on_disk(item)):
                self._count(item, outcome)
                item.settle()
            else:
                remaining.append(item)
                delayed = True
                _doubt([item], answer.status)
                self._complain(outcome, answer)
        self._counters.retried_items += len(remaining)
        return remaining, delayed

    def _outcome(self, item: Item, answer: ItemAnswer) -> ItemOutcome:
        outcome = classify_item(answer.status, answer.failure_store)
        if outcome is not ItemOutcome.SERVER_ERROR:
            return outcome
        item.server_errors += 1
        return ItemOutcome.REFUSED if item.server_errors >= _TRIES_OF_A_500 else ItemOutcome.AGAIN

    def _complain(self, outcome: ItemOutcome, answer: ItemAnswer) -> None:
        reason = f"{answer.status} {answer.error.type}" if answer.error else str(answer.status)
        if outcome is ItemOutcome.BLOCKED:
            self._trouble.report("the data stream cannot be written to", reason, grave=True)
        elif outcome is not ItemOutcome.REFUSED:  # of a refusal that stays, the disk has told
            self._trouble.report("Elasticsearch asks to wait", reason)

    def _count(self, item: Item, outcome: ItemOutcome) -> None:
        counters = self._counters
        counters.in_flight -= 1
        if item.dead_letter_reason is not None or outcome is ItemOutcome.DIVERTED:
            counters.dead_lettered += 1
            counters.dead_letter_reasons[item.dead_letter_reason or "failure_store"] += 1
        elif outcome is ItemOutcome.INDEXED:
            counters.indexed += 1
            if item.looked_up:
                item.window.note_absent(item.sequence_number, item.size)
        elif outcome is ItemOutcome.ALREADY_THERE:
            counters.already_there += 1
        else:
            counters.dropped += 1

    def _keep_on_disk(self, item: Item) -> bool:
        """Write a refused dead letter to the local file; return whether that succeeded."""
        try:
            self._file.append(item.lines)
        except OSError as error:
            self._trouble.report("the dead letter file cannot be written", f"{self._file.path}: {error}", grave=True)
            return False
        logger.error("dead letter was refused and written to the local file", extra={"file.path": str(self._file.path)})
        self._counters.dead_letters_on_disk += 1
        return True


def _unfold_doubtful(loads: Loads) -> Loads:
    """Unfold all if any of them may have been written already."""
    return unfold(loads) if any(load.unsure or load.window.open for load in loads) else loads


def _doubt(bulk: Bulk, status: int | None) -> None:
    """Note that these items may have been written, unless the status says that they were not; None is no answer."""
    if status not in _NOT_WRITTEN:
        for item in bulk:
            item.unsure = True


def _errors_before(part: Bulk) -> int:
    """How many answers of 500 count against a part of a suspected bulk: one more halves it; an item has all tries."""
    return _TRIES_OF_A_500 - 1 if len(part) > 1 else 0


class _ActionFields(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")


class _Action(msgspec.Struct):
    create: _ActionFields


class _Document(msgspec.Struct):
    azure: dict[str, Any]
    data_stream: dict[str, str]
    timestamp: str = msgspec.field(name="@timestamp")
    message: str | None = None
    """The record; a document of metrics is none, and is kept as a whole."""


def _make_dead_letter(item: Item, answer: ItemAnswer) -> None:
    """Turn the item of a refused record into its dead letter, under the same id."""
    action_line, _, document_line = item.lines.partition(b"\n")
    action = msgspec.json.decode(action_line, type=_Action).create
    document = msgspec.json.decode(document_line, type=_Document)
    message = document.message
    original = document_line.strip() if message is None else message.encode("utf-8", "surrogatepass")
    error = answer.error or ItemError()
    letter = DeadLetter(
        timestamp=document.timestamp,
        azure=document.azure,
        namespace=document.data_stream["namespace"],
        target=action.index,
        original=original,
        stage="index",
        error_type=error.type,
        error_message=(error.reason or "no reason given")[:_MAX_REASON],
        status=answer.status,
    )
    item.lines, item.dead_letter_reason = dead_letter(action.id.encode(), letter), error.type
    item.server_errors, item.suspected_at = 0, -1
    item.unsure = item.looked_up = False
