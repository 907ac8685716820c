"""What each rule ought to find at a moment, from the ledger of a day alone.

A prediction is made of events: what happened when, in which group, and what it adds to the figures. Thresholds are
those of docs/rules.md, written down here once more on purpose. Times are to the millisecond, as Elasticsearch has them.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.scenario import Call, Ledger
from collector.scenario.estate import FILLED
from collector.scenario.rule_proof import draw_estate, draw_reports
from collector.scenario.upkeep import Report
from collector.telemetry.status import GapStatus, OutputStatus, PartitionStatus

type Group = tuple[str, ...]
type Event = tuple[datetime, Group, tuple[float, ...]]
type Worth = Callable[[Sequence[float]], float]

MILLISECOND, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RUNGS = [0.5, 1, 2, 4, 8, 16, 32, 64]


@dataclass(frozen=True)
class Prediction:
    """Events, over which window they count, what their sums are worth, and above what that is too much."""

    events: Callable[[Ledger], Iterator[Event]]
    window: timedelta
    worth: Worth
    above: float

    def over(self, ledger: Ledger, moments: Sequence[datetime], late: timedelta) -> list[dict[Group, float]]:
        """Return the groups that ought to match at each moment, with their values."""
        events = sorted((whole(at), group, figures) for at, group, figures in self.events(ledger))
        return [self._of(within(events, at - self.window, at - late)) for at in moments]

    def _of(self, events: Sequence[Event]) -> dict[Group, float]:
        sums: defaultdict[Group, list[float]] = defaultdict(list)
        for _, group, figures in events:
            known = sums[group] or [0.0] * len(figures)
            sums[group] = [one + other for one, other in zip(known, figures, strict=True)]
        worth = {group: self.worth(figures) for group, figures in sums.items()}
        return {group: value for group, value in worth.items() if value > self.above}


def within[Timed: tuple[datetime, *tuple[object, ...]]](
    timed: Sequence[Timed], start: datetime, end: datetime
) -> Sequence[Timed]:
    """What happened from one moment to another, both included; ``timed`` is in the order of time."""
    return timed[bisect_left(timed, start, key=moment_of) : bisect_right(timed, end, key=moment_of)]


def moment_of(timed: tuple[datetime, *tuple[object, ...]]) -> datetime:
    return timed[0]


def whole(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def place_of(call: Call) -> Group:
    return call.place.resource.name, call.place.deployment.name


def share(least: int, part: Callable[[Call], bool], above: float) -> Prediction:
    """Of the calls that name a deployment, the percentage of a part; nothing when the part is too small."""

    def events(ledger: Ledger) -> Iterator[Event]:
        for call in ledger.logged:
            if call.deployment is not None:
                yield call.at, place_of(call), (float(part(call)), 1.0)

    return Prediction(events, 15 * MINUTE, lambda sums: sums[0] / sums[1] * 100 if sums[0] >= least else 0.0, above)


def availability(ledger: Ledger) -> Iterator[Event]:
    """A document for each minute, deployment and kind of answer, with the share of calls that were no server errors."""
    minutes: defaultdict[tuple[datetime, Group, bool], list[Call]] = defaultdict(list)
    for minute in ledger.metered:
        for call in minute.calls:
            minutes[minute.minute, place_of(call), minute.streamed].append(call)
    for (at, group, _), calls in minutes.items():
        failed = sum(call.status >= 500 for call in calls)
        yield at, group, (100 - failed / len(calls) * 100, 1.0, float(failed > 0))


def blocked(ledger: Ledger) -> Iterator[Event]:
    for minute in ledger.metered:
        for call in minute.calls:
            yield minute.minute, place_of(call), (float(bool(call.blocked or call.cut)), 1.0)


def jailbreaks(ledger: Ledger) -> Iterator[Event]:
    for minute in ledger.metered:
        for call in minute.calls:
            yield minute.minute, place_of(call), (float("jailbreak" in {call.blocked, call.cut}),)


def cost(ledger: Ledger) -> Iterator[Event]:
    for minute in ledger.metered:
        if minute.cost is not None:
            yield minute.minute, ("USD",), (minute.cost,)


def tokens(ledger: Ledger) -> Iterator[Event]:
    for call in ledger.logged:
        if call.caller_id and call.logged_usage:
            usage = call.logged_usage
            yield call.at, (call.caller_id,), (float(usage.input_tokens + usage.output_tokens),)
    for call in ledger.at_gateway:
        if call.team and call.usage:
            yield (
                call.answered,
                (call.team,),
                (float(call.usage.input_tokens + call.usage.output_tokens),),
            )


def fullness(ledger: Ledger) -> Iterator[Event]:
    for use in draw_estate(ledger)[0]:
        yield use.minute, (FILLED.resource.name, FILLED.deployment.name), (float(use.percent), 1.0)


def retirements(ledger: Ledger) -> Iterator[Event]:
    for stock in draw_estate(ledger)[1]:
        soon = stock.retires < ledger.start + 60 * DAY
        yield stock.at, (stock.place.resource.name, stock.place.deployment.name), (float(soon),)


def listings(ledger: Ledger) -> Iterator[Event]:
    for listing in ledger.key_listings:
        yield listing.at, (listing.object_id,), (1.0,)


def calls_of(ledger: Ledger) -> Iterator[datetime]:
    return (call.at for call in ledger.logged)


def reports_of(ledger: Ledger) -> Iterator[datetime]:
    return (report.at for report in draw_reports(ledger))


@dataclass(frozen=True)
class Silence:
    """Nothing for a window."""

    happens: Callable[[Ledger], Iterator[datetime]]
    window: timedelta

    def over(self, ledger: Ledger, moments: Sequence[datetime], late: timedelta) -> list[dict[Group, float]]:
        times = sorted((whole(at),) for at in self.happens(ledger))
        return [{} if within(times, at - self.window, at - late) else {(): 0.0} for at in moments]


@dataclass(frozen=True)
class Told:
    """What the collectors told of a subject within a window is worth too much, from the first report to the last."""

    tells: Callable[[Report], Iterator[tuple[Group, float]]]
    window: timedelta
    worth: Callable[[Sequence[float]], float]
    above: float
    fresh_for: timedelta | None = None
    """A subject of which nothing was told before so long began at 0."""

    def over(self, ledger: Ledger, moments: Sequence[datetime], late: timedelta) -> list[dict[Group, float]]:
        told = [(whole(each.at), group, value) for each in draw_reports(ledger) for group, value in self.tells(each)]
        return [self._of(within(told, at - self.window, at - late), at) for at in moments]

    def _of(self, told: Sequence[tuple[datetime, Group, float]], at: datetime) -> dict[Group, float]:
        values: defaultdict[Group, list[float]] = defaultdict(list)
        for when, group, value in told:
            if not values[group] and self.fresh_for is not None and when >= at - self.fresh_for:
                values[group].append(0.0)
            values[group].append(value)
        worth = {group: self.worth(each) for group, each in values.items()}
        return {group: value for group, value in worth.items() if value > self.above}


def growth(values: Sequence[float]) -> float:
    """How much a counter grew."""
    return values[-1] - values[0]


def waiting(report: Report) -> Iterator[tuple[Group, float]]:
    for each in report.of(PartitionStatus):
        yield (report.collector.name, each.stream, each.partition), float(each.lag_events or 0)


def unsaved(report: Report) -> Iterator[tuple[Group, float]]:
    for each in report.of(PartitionStatus):
        yield (report.collector.name, each.stream, each.partition), each.checkpoint_age_seconds


def dropped(report: Report) -> Iterator[tuple[Group, float]]:
    for each in report.of(PartitionStatus):
        group = (report.collector.name, report.collector.ephemeral_id, each.stream, each.partition)
        yield group, float(each.lost_events)


def dead_letters(report: Report) -> Iterator[tuple[Group, float]]:
    for each in report.of(OutputStatus):
        group = (report.collector.name, report.collector.ephemeral_id, each.output)
        yield group, float(each.counters.dead_lettered)


def lost_minutes(report: Report) -> Iterator[tuple[Group, float]]:
    for each in report.of(GapStatus):
        group = (report.collector.name, report.collector.ephemeral_id, each.stream, each.reason)
        yield group, float(each.lost_minutes)


@dataclass(frozen=True)
class Arrival:
    """Somebody called within a while who had not called within the window before."""

    window: timedelta
    before: timedelta

    def over(self, ledger: Ledger, moments: Sequence[datetime], late: timedelta) -> list[dict[Group, float]]:
        seen = [(whole(call.at), (call.caller_id,)) for call in ledger.logged if call.caller_id]
        seen += [(whole(call.answered), (call.team,)) for call in ledger.at_gateway if call.team]
        seen.sort()
        found: list[dict[Group, float]] = []
        for at in moments:
            known = {who for _, who in within(seen, at - self.before, at - self.window - MILLISECOND)}
            calls = Counter(who for _, who in within(seen, at - self.window, at - late))
            found.append({who: float(count) for who, count in calls.items() if who not in known})
        return found


@dataclass(frozen=True)
class Slowness:
    """The 95th percentile of half an hour is above a limit, and that of the day before above no half of it."""

    window: timedelta

    def over(self, ledger: Ledger, moments: Sequence[datetime], late: timedelta) -> list[dict[Group, float]]:
        calls: defaultdict[Group, list[tuple[datetime, float]]] = defaultdict(list)
        for call in ledger.logged:
            if not call.failed:
                calls[place_of(call)].append((whole(call.at), call.duration_ns / 1e9))
        for durations in calls.values():
            durations.sort()
        found: list[dict[Group, float]] = []
        for at in moments:
            values = {group: self._at(durations, at, late) for group, durations in calls.items()}
            found.append({group: value for group, value in values.items() if value})
        return found

    def _at(self, durations: Sequence[tuple[datetime, float]], at: datetime, late: timedelta) -> float:
        now = [seconds for _, seconds in within(durations, at - self.window, at - late)]
        before = [seconds for _, seconds in within(durations, at - DAY, at - self.window - MILLISECOND)]
        if len(before) < 50:
            return 0.0
        fitting = [rung for rung in RUNGS if slower(now, rung, least=5) and not slower(before, rung / 2)]
        return max(fitting, default=0.0)


@dataclass(frozen=True)
class Spending:
    """What is bad spends a budget, a share of all, at a pace above a limit, over a long window and over a short one."""

    counted: Callable[[Ledger], Iterator[tuple[datetime, Group, bool]]]
    budget: float
    window: timedelta
    short: timedelta
    least: int
    above: float

    def over(self, ledger: Ledger, moments: Sequence[datetime], late: timedelta) -> list[dict[Group, float]]:
        groups: defaultdict[Group, list[tuple[datetime, bool]]] = defaultdict(list)
        for at, group, bad in self.counted(ledger):
            groups[group].append((whole(at), bad))
        for judged in groups.values():
            judged.sort()
        found: list[dict[Group, float]] = []
        for at in moments:
            paces = {group: self._pace(judged, at, late) for group, judged in groups.items()}
            found.append({group: pace for group, pace in paces.items() if pace > self.above})
        return found

    def _pace(self, judged: Sequence[tuple[datetime, bool]], at: datetime, late: timedelta) -> float:
        long = [bad for _, bad in within(judged, at - self.window, at - late)]
        short = [bad for _, bad in within(judged, at - self.short, at - late)]
        if sum(long) < self.least or sum(short) < 3 or sum(short) <= self.above * self.budget * len(short):
            return 0.0
        return sum(long) / len(long) / self.budget


def server_errors(ledger: Ledger) -> Iterator[tuple[datetime, Group, bool]]:
    for call in ledger.logged:
        if call.deployment is not None:
            yield call.at, place_of(call), call.status >= 500


def slow_answers(ledger: Ledger) -> Iterator[tuple[datetime, Group, bool]]:
    for call in ledger.logged:
        if not call.failed:
            yield call.at, place_of(call), call.duration_ns > 30e9


def stale_minutes(ledger: Ledger) -> Iterator[tuple[datetime, Group, bool]]:
    for report in draw_reports(ledger):
        for each in report.of(PartitionStatus):
            behind = each.checkpoint_age_seconds > 120 or (each.lag_events or 0) > 100_000
            yield report.at, (each.stream, each.partition), behind


def spend_fast(counted: Callable[[Ledger], Iterator[tuple[datetime, Group, bool]]], budget: float) -> Spending:
    return Spending(counted, budget, HOUR, 15 * MINUTE, 10, 14.4)


def spend_slowly(counted: Callable[[Ledger], Iterator[tuple[datetime, Group, bool]]], budget: float) -> Spending:
    return Spending(counted, budget, 6 * HOUR, 30 * MINUTE, 20, 6)


def slower(durations: Sequence[float], limit: float, *, least: int = 0) -> bool:
    """Whether more than 5 % took longer, that is whether the 95th percentile is above it."""
    longer = sum(seconds > limit for seconds in durations)
    return longer >= least and longer > 0.05 * len(durations)


def failed_but_429(call: Call) -> bool:
    return call.failed and call.status != 429


PREDICTIONS: Mapping[str, Arrival | Prediction | Silence | Slowness | Spending | Told] = {
    "aoai-availability": Prediction(
        availability, 15 * MINUTE, lambda sums: 100 - sums[0] / sums[1] if sums[2] >= 6 else 0.0, 5
    ),
    "aoai-availability-budget-fast": spend_fast(server_errors, 0.005),
    "aoai-availability-budget-slow": spend_slowly(server_errors, 0.005),
    "aoai-collector-gap": Told(dropped, 2 * HOUR, growth, 0, fresh_for=30 * MINUTE),
    "aoai-collector-lagging": Told(waiting, 10 * MINUTE, max, 100_000),
    "aoai-collector-silent": Silence(reports_of, 10 * MINUTE),
    "aoai-collector-stalled": Told(unsaved, 10 * MINUTE, max, 300),
    "aoai-content-filter": Prediction(
        blocked, 15 * MINUTE, lambda sums: sums[0] / sums[1] * 100 if sums[0] >= 10 else 0.0, 10
    ),
    "aoai-cost-pace": Prediction(cost, HOUR, lambda sums: sums[0] * 24 / 500, 1),
    "aoai-error-rate": share(10, failed_but_429, 10),
    "aoai-dead-letters": Told(dead_letters, 15 * MINUTE, growth, 0),
    "aoai-freshness-budget-fast": spend_fast(stale_minutes, 0.01),
    "aoai-freshness-budget-slow": spend_slowly(stale_minutes, 0.01),
    "aoai-jailbreak": Prediction(jailbreaks, HOUR, lambda sums: sums[0], 4),
    "aoai-key-listing": Prediction(listings, HOUR, lambda sums: sums[0], 4),
    "aoai-latency": Slowness(30 * MINUTE),
    "aoai-latency-budget-fast": spend_fast(slow_answers, 0.05),
    "aoai-latency-budget-slow": spend_slowly(slow_answers, 0.05),
    "aoai-metrics-gap": Told(lost_minutes, HOUR, growth, 0),
    "aoai-model-retirement": Prediction(retirements, HOUR, lambda sums: sums[0], 0),
    "aoai-new-caller": Arrival(HOUR, 14 * DAY),
    "aoai-no-data": Silence(calls_of, 30 * MINUTE),
    "aoai-provisioned-utilization": Prediction(fullness, 15 * MINUTE, lambda sums: sums[0] / sums[1], 90),
    "aoai-server-errors": share(5, lambda call: call.status >= 500, 5),
    "aoai-throttling": share(10, lambda call: call.status == 429, 10),
    "aoai-token-burst": Prediction(tokens, 15 * MINUTE, lambda sums: sums[0], 1_000_000),
}
