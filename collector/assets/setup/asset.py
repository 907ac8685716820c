"""What an asset is: one thing of ours in Elasticsearch, Kibana or Fleet."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from collector.assets.setup.kinds import Kind
from collector.assets.setup.refusal import RefusalError
from collector.policy.secret import Secret


class Place(StrEnum):
    """Which part of the Elastic Stack holds an asset."""

    ELASTICSEARCH = "Elasticsearch"
    KIBANA = "Kibana"
    FLEET = "Fleet"


class State(StrEnum):
    """How what is stored compares with what this version ships."""

    ABSENT = "absent"
    CURRENT = "current"
    DIFFERENT = "different"
    KEPT = "kept"
    """It differs, and it is not ours to change: the user's choice, or something that has to wait."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What reading an asset told.

    ``words`` name each difference in a line of its own, stored first: ``priority: 200 -> 250``. ``ours`` says whether
    a removal may take it: it carries our mark, or its id is one that only we use.
    """

    state: State
    words: tuple[str, ...] = ()
    ours: bool = True


ABSENT = Comparison(State.ABSENT)
CURRENT = Comparison(State.CURRENT)


@dataclass(frozen=True, slots=True)
class AssetId:
    """An asset's kind and name, which no other asset of the same place has."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Asset(ABC):
    """One thing to install or to remove; bound to the client of its place.

    Reading may use a snapshot that was taken when the assets were listed. Every method may raise `RefusalError`.

    Attributes:
        id: its kind and name.
        place: where it goes.
        needs: what must be in place before it, and cannot be removed while it is there.
        retired: an earlier version installed it and this one does not ship it: installing removes it.
    """

    id: AssetId
    place: Place
    needs: frozenset[AssetId] = frozenset()
    retired: bool = False

    @abstractmethod
    async def compare(self) -> Comparison:
        """Compare what is stored with what is shipped; reads only."""

    @abstractmethod
    async def write(self) -> Secret | None:
        """Create it or bring it up to date; returns a secret that can be shown now and never again."""

    @abstractmethod
    async def remove(self) -> None:
        """Remove it; that it is gone already is no mistake."""

    async def find_obstacle(self) -> RefusalError | None:
        """Tell beforehand why a change of it would be refused: a privilege or a licence; reads only."""
        return None

    async def find_removal_obstacle(self) -> RefusalError | None:
        """Tell beforehand why its removal would be refused: for the same reasons, unless an asset says otherwise."""
        return await self.find_obstacle()

    async def find_holders(self) -> tuple[str, ...]:
        """Name what keeps it from being removed, a line for each: data of the user's, for one; reads only."""
        return ()
