"""A plan: what is to be done to each asset, found by reading only; and its application, one asset after another."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.assets.setup.asset import Asset, AssetId, Comparison, State
from collector.assets.setup.refusal import RefusalError
from collector.policy.secret import Secret


class Action(StrEnum):
    """What a plan does to an asset."""

    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    NOTHING = "nothing"
    KEEP = "keep"
    REFUSE = "refuse"


CHANGES = frozenset({Action.CREATE, Action.UPDATE, Action.REMOVE})


class Outcome(StrEnum):
    """What became of an asset."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    KEPT = "kept"
    REFUSED = "refused"


_OUTCOMES = {
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.REMOVE: Outcome.REMOVED,
    Action.NOTHING: Outcome.UNCHANGED,
    Action.KEEP: Outcome.KEPT,
    Action.REFUSE: Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done to one asset. ``words`` say what differs, or why it stays; ``refusal`` why it cannot be."""

    asset: Asset
    action: Action
    words: tuple[str, ...] = ()
    refusal: RefusalError | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are taken."""

    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something; a cluster that is as shipped has none."""
        return tuple(step for step in self.steps if step.action in CHANGES)

    def count(self, action: Action) -> int:
        """How many steps are of this action."""
        return sum(step.action is action for step in self.steps)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one asset. ``secret`` is shown once, by whoever applied the plan."""

    asset: AssetId
    outcome: Outcome
    words: tuple[str, ...] = ()
    refusal: RefusalError | None = None
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Results in the order in which they came about."""

    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        """How many assets had this outcome."""
        return sum(result.outcome is outcome for result in self.results)


async def plan_installation(assets: Iterable[Asset]) -> Plan:
    """Compare each asset, in the order given, with what is stored; retired ones are removed at the end.

    Reads only. An asset that cannot be read or changed becomes a step that refuses.
    """
    listed = list(assets)
    staying = [asset for asset in listed if not asset.retired]
    writing = [await _plan_writing(asset) for asset in staying]
    removal = await plan_removal((asset for asset in listed if asset.retired), staying)
    return Plan((*writing, *removal.steps))


async def plan_removal(assets: Iterable[Asset], staying: Iterable[Asset] = ()) -> Plan:
    """Plan to remove what is ours, last installed first; what is not there has no step.

    Reads only. What is held by something else is kept, and so is what a kept asset or one that is ``staying`` needs.
    """
    steps: list[Step] = []
    kept = list(staying)
    for asset in reversed(list(assets)):
        step = await _plan_removing(asset, kept)
        if step.action in {Action.KEEP, Action.REFUSE}:
            kept.append(asset)
        if step.action is not Action.NOTHING:
            steps.append(step)
    return Plan(tuple(steps))


async def apply(plan: Plan, progress: Callable[[Result], None] = lambda _: None) -> Report:
    """Take each step; ``progress`` hears of each result at once.

    A refusal stops only what needs the asset: an installation goes on with the others, and a removal leaves what the
    asset needs. Nothing is taken back: run it again when the reason is gone.
    """
    results: list[Result] = []
    stuck: list[Asset] = []
    for step in plan.steps:
        result = await _take(step, stuck)
        if result.outcome is Outcome.REFUSED:
            stuck.append(step.asset)
        results.append(result)
        progress(result)
    return Report(tuple(results))


async def _plan_writing(asset: Asset) -> Step:
    try:
        comparison = await asset.compare()
        action = _action(comparison)
        obstacle = await asset.find_obstacle() if action in CHANGES else None
    except RefusalError as refusal:
        return Step(asset, Action.REFUSE, refusal=refusal)
    if obstacle:
        return Step(asset, Action.REFUSE, comparison.words, obstacle)
    return Step(asset, action, comparison.words)


def _action(comparison: Comparison) -> Action:
    return {
        State.ABSENT: Action.CREATE,
        State.DIFFERENT: Action.UPDATE,
        State.CURRENT: Action.NOTHING,
        State.KEPT: Action.KEEP,
    }[comparison.state]


async def _plan_removing(asset: Asset, kept: Sequence[Asset]) -> Step:
    try:
        comparison = await asset.compare()
        if comparison.state is State.ABSENT:
            return Step(asset, Action.NOTHING)
        if not comparison.ours:
            return Step(asset, Action.KEEP, ("it was not installed by aoai-collector",))
        holders = await asset.find_holders() or _needed_by(asset, kept)
        obstacle = None if holders else await asset.find_removal_obstacle()
    except RefusalError as refusal:
        return Step(asset, Action.REFUSE, refusal=refusal)
    if obstacle:
        return Step(asset, Action.REFUSE, refusal=obstacle)
    return Step(asset, Action.KEEP if holders else Action.REMOVE, holders)


def _needed_by(asset: Asset, others: Iterable[Asset]) -> tuple[str, ...]:
    return tuple(f"{other.id} needs it" for other in others if asset.id in other.needs)


async def _take(step: Step, stuck: Sequence[Asset]) -> Result:
    asset = step.asset
    refusal = step.refusal or (_find_missing(step, stuck) if step.action in CHANGES else None)
    secret = None
    if refusal is None:
        try:
            if step.action is Action.REMOVE:
                await asset.remove()
            elif step.action in CHANGES:
                secret = await asset.write()
        except RefusalError as error:
            refusal = error
    outcome = Outcome.REFUSED if refusal else _OUTCOMES[step.action]
    return Result(asset.id, outcome, step.words, refusal, secret)


def _find_missing(step: Step, stuck: Sequence[Asset]) -> RefusalError | None:
    """Why a step cannot be taken after others were refused: it needs one of them, or one of them still needs it."""
    if step.action is Action.REMOVE:
        blocking = [other.id for other in stuck if step.asset.id in other.needs]
        what = "{} needs it and is still there"
    else:
        blocking = [other.id for other in stuck if other.id in step.asset.needs]
        what = "it needs {}, which was refused"
    if not blocking:
        return None
    return RefusalError(what.format(blocking[0]), where=str(step.asset.id), fix="Mend that first, and run this again")
