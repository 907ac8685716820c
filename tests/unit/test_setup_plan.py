"""What a plan promises, whatever the assets are: on assets that live in a dictionary."""

from dataclasses import dataclass, field
from typing import override

from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Place, State
from collector.assets.setup.kinds import Kind
from collector.assets.setup.plan import Action, Outcome, Plan, Report, apply, plan_installation, plan_removal
from collector.assets.setup.refusal import RefusalError

SHIPPED = "as shipped"


@dataclass
class Shelf:
    """Where the assets of a test are stored: by name, each with a content."""

    stored: dict[str, str] = field(default_factory=dict)
    refusing: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)


class ShelfAsset(Asset):
    place = Place.ELASTICSEARCH

    def __init__(self, shelf: Shelf, name: str, *needs: str, retired: bool = False, held: bool = False) -> None:
        self.id = AssetId(Kind.PIPELINE, name)
        self.needs = frozenset(AssetId(Kind.PIPELINE, other) for other in needs)
        self.retired = retired
        self._shelf = shelf
        self._held = held

    @override
    async def compare(self) -> Comparison:
        stored = self._shelf.stored.get(self.id.name)
        if stored is None:
            return ABSENT
        if stored == "of somebody else":
            return Comparison(State.KEPT, ("it is not ours",), ours=False)
        return CURRENT if stored == SHIPPED else Comparison(State.DIFFERENT, (f"content: {stored} -> {SHIPPED}",))

    @override
    async def write(self) -> None:
        self._change("write")
        self._shelf.stored[self.id.name] = SHIPPED

    @override
    async def remove(self) -> None:
        self._change("remove")
        del self._shelf.stored[self.id.name]

    @override
    async def find_holders(self) -> tuple[str, ...]:
        return ("documents are in it",) if self._held else ()

    def _change(self, call: str) -> None:
        self._shelf.calls.append(f"{call} {self.id.name}")
        if self.id.name in self._shelf.refusing:
            raise RefusalError("no", where=str(self.id), fix="Ask again")


def actions(plan: Plan) -> dict[str, Action]:
    return {step.asset.id.name: step.action for step in plan.steps}


def outcomes(report: Report) -> dict[str, Outcome]:
    return {result.asset.name: result.outcome for result in report.results}


async def test_making_a_plan_changes_nothing() -> None:
    shelf = Shelf({"b": "older"})
    plan = await plan_installation([ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b")])
    assert actions(plan) == {"a": Action.CREATE, "b": Action.UPDATE}
    assert plan.steps[1].words == ("content: older -> as shipped",)
    assert shelf.calls == []


async def test_what_is_as_shipped_is_not_written_again() -> None:
    shelf = Shelf()
    assets = [ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b", "a")]
    await apply(await plan_installation(assets))
    second = await plan_installation(assets)
    assert second.changes == ()
    shelf.calls.clear()
    report = await apply(second)
    assert report.count(Outcome.UNCHANGED) == 2
    assert shelf.calls == []


async def test_a_refusal_stops_what_needs_the_asset_and_nothing_else() -> None:
    shelf = Shelf(refusing={"a"})
    report = await apply(
        await plan_installation(
            [ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b", "a"), ShelfAsset(shelf, "c", "b"), ShelfAsset(shelf, "d")]
        )
    )
    assert outcomes(report) == {
        "a": Outcome.REFUSED,
        "b": Outcome.REFUSED,
        "c": Outcome.REFUSED,
        "d": Outcome.CREATED,
    }
    assert shelf.calls == ["write a", "write d"]


async def test_a_half_finished_run_is_finished_by_the_next() -> None:
    shelf = Shelf(refusing={"b"})
    assets = [ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b"), ShelfAsset(shelf, "c", "b")]
    await apply(await plan_installation(assets))
    shelf.refusing.clear()
    report = await apply(await plan_installation(assets))
    assert outcomes(report) == {"a": Outcome.UNCHANGED, "b": Outcome.CREATED, "c": Outcome.CREATED}


async def test_each_result_is_heard_of_at_once() -> None:
    shelf, heard = Shelf(), list[tuple[str, list[str]]]()
    plan = await plan_installation([ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b")])
    await apply(plan, lambda result: heard.append((result.asset.name, list(shelf.calls))))
    assert heard == [("a", ["write a"]), ("b", ["write a", "write b"])]


async def test_what_an_earlier_version_left_is_removed_after_the_rest_is_written() -> None:
    shelf = Shelf({"old": SHIPPED})
    plan = await plan_installation([ShelfAsset(shelf, "old", retired=True), ShelfAsset(shelf, "new")])
    await apply(plan)
    assert shelf.calls == ["write new", "remove old"]


async def test_a_retired_asset_that_is_not_there_is_not_spoken_of() -> None:
    shelf = Shelf()
    assert (await plan_installation([ShelfAsset(shelf, "old", retired=True)])).steps == ()


async def test_removal_takes_what_was_installed_last_first() -> None:
    shelf = Shelf(dict.fromkeys("abc", SHIPPED))
    assets = [ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b", "a"), ShelfAsset(shelf, "c", "b")]
    await apply(await plan_removal(assets))
    assert shelf.calls == ["remove c", "remove b", "remove a"]
    assert (await plan_removal(assets)).steps == ()


async def test_what_somebody_else_made_is_not_removed() -> None:
    shelf = Shelf({"a": "of somebody else"})
    plan = await plan_removal([ShelfAsset(shelf, "a")])
    assert actions(plan) == {"a": Action.KEEP}
    await apply(plan)
    assert shelf.calls == []


async def test_what_a_kept_asset_needs_is_kept_too_and_says_why() -> None:
    shelf = Shelf(dict.fromkeys("abcd", SHIPPED))
    assets = [
        ShelfAsset(shelf, "a"),
        ShelfAsset(shelf, "b", "a"),
        ShelfAsset(shelf, "c", "b", held=True),
        ShelfAsset(shelf, "d"),
    ]
    plan = await plan_removal(assets)
    assert actions(plan) == {"d": Action.REMOVE, "c": Action.KEEP, "b": Action.KEEP, "a": Action.KEEP}
    assert plan.steps[2].words == ("ingest pipeline c needs it",)


async def test_a_refused_removal_leaves_what_the_asset_needs() -> None:
    shelf = Shelf(dict.fromkeys("abc", SHIPPED), refusing={"b"})
    report = await apply(
        await plan_removal([ShelfAsset(shelf, "a"), ShelfAsset(shelf, "b", "a"), ShelfAsset(shelf, "c")])
    )
    assert outcomes(report) == {"c": Outcome.REMOVED, "b": Outcome.REFUSED, "a": Outcome.REFUSED}
    assert set(shelf.stored) == {"a", "b"}
