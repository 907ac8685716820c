"""What happens in a schedule, drawn from its seed: who reads, what is fed, what breaks and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from plugins.world.collectors import Settings
from plugins.world.ledger import BREAKER, DROPPED, PLAIN, POISON, REJECT, SPOILER, UNKEPT

_KINDS = {PLAIN: 90, POISON: 3, DROPPED: 3, REJECT: 2, BREAKER: 1, SPOILER: 1, UNKEPT: 1}
_CLUSTER_WEATHER = (
    ("429", "429", "429", ""),
    ("mixed", ""),
    ("503", "502", "504", ""),
    ("answer lost", "reset", ""),
    ("swallowed", "refused", ""),
    ("garbage", ""),
    ("stall", "slow", ""),
    ("401", "403", ""),
    ("429", "answer lost", "reset", "garbage", "504", "mixed", "stall", ""),
)
_STORAGE_WEATHER = (("unreachable", "busy"), ("answer lost", ""), ("slow", ""))
_HOUR = 3600.0


@dataclass(frozen=True)
class Step:
    """One thing that happens, seconds after the start."""

    at: float
    what: str
    details: tuple

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.what} {' '.join(str(each) for each in self.details)}".rstrip()


@dataclass(frozen=True)
class Plan:
    """A whole schedule, before it runs."""

    seed: int
    partitions: int
    places: tuple[str, ...]
    settings: Settings
    seconds: float
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        head = f"seed {self.seed}: {self.partitions} partitions, collectors {', '.join(self.places)}, {self.settings}"
        return "\n".join((head, *(str(step) for step in self.steps)))


def draw_plan(seed: int) -> Plan:
    """Return the schedule of a seed."""
    random = Random(f"plan {seed}")
    places = ("a", "b", "c")[: random.choice((1, 1, 2, 2, 2, 3))]
    partitions = random.randint(1, 4)
    seconds = random.uniform(6, 18)
    settings = Settings(
        in_sqlite=len(places) == 1 and random.random() < 0.6,
        bulk_items=random.choice((1, 3, 10, 50)),
        workers=random.randint(1, 3),
        flush_seconds=random.choice((0.001, 0.05, 0.2)),
        checkpoint_seconds=random.choice((0.5, 2.0, 5.0)),
        prefetch=random.choice((1, 5, 300)),
        in_flight_bytes=random.choice((1_500, 6_000, 48_000, 1_000_000)),
    )
    steps = list(_feed(random, partitions, seconds))
    for _ in range(random.randint(2, 9)):
        steps += _break(random, places, partitions, random.uniform(0, seconds))
    steps.sort(key=lambda step: step.at)
    return Plan(seed, partitions, places, settings, seconds, tuple(steps))


def draw_kinds(random: Random) -> list[str]:
    """Return the kinds of the records of one event."""
    return random.choices(list(_KINDS), list(_KINDS.values()), k=random.choice((0, 1, 1, 2, 3, 8)))


def _feed(random: Random, partitions: int, seconds: float) -> Iterator[Step]:
    for _ in range(random.randint(6, 24)):
        at = random.uniform(0, seconds) if random.random() < 0.8 else 0.0
        yield Step(at, "feed", (str(random.randrange(partitions)), draw_kinds(random)))


def _break(random: Random, places: tuple[str, ...], partitions: int, at: float) -> Iterator[Step]:
    """Draw one fault, and its end."""
    place, partition = random.choice(places), str(random.randrange(partitions))
    until = at + random.uniform(0.5, 10)
    frozen_until = at + random.choice((1, 12, 60)) * random.random()
    jump = random.choice((-_HOUR, _HOUR, -30.0, 30.0))
    weather = random.choice(_CLUSTER_WEATHER)
    storage_weather = random.choice(_STORAGE_WEATHER)
    rollover = [Step(random.uniform(at, until), "roll over", ())] if random.random() < 0.4 else []
    restart = [*rollover, Step(until, "start", (place,))]
    yield from random.choice(
        (
            *([Step(at, "kill", (place,)), *restart] for _ in range(2)),
            [Step(at, "stop", (place,)), *restart],
            [Step(at, "freeze", (place,)), Step(frozen_until, "thaw", (place,))],
            [Step(at, "jump", (place, jump))],
            *([Step(at, "steal", (partition,))] for _ in range(2)),
            [Step(at, "reconnect", (partition,))],
            [Step(at, "hub down", ()), Step(until, "hub up", ())],
            *([Step(at, "cluster", weather), Step(until, "cluster", ())] for _ in range(3)),
            [Step(at, "storage", storage_weather), Step(until, "storage", ())],
            [Step(at, "roll over", ())],
            [Step(at, "forbid look-ups", ())] if random.random() < 0.3 else [],
        )
    )
