"""The collector's API key: made once with the least privileges, shown once, kept up to date afterwards."""

from collections.abc import Mapping
from typing import Final, cast, override

from collector.assets.files import Body
from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Place, State
from collector.assets.setup.differences import describe
from collector.assets.setup.elasticsearch.cluster import Cluster
from collector.assets.setup.elasticsearch.roles import COLLECTOR, COLLECTOR_NAME, MARK, normalise
from collector.assets.setup.kinds import Kind
from collector.assets.setup.refusal import RefusalError
from collector.policy.secret import Secret

NAME: Final = "aoai-collector"
_PATH: Final = "/_security/api_key"
_NEEDED: Final = ("auto_configure", "create_doc", "read", "view_index_metadata", "monitor")
"""What the creator must have, since a key can do no more than who made it."""


class ApiKey(Asset):
    """The keys of this name that carry our mark, as one asset: there is one, unless more were asked for.

    With ``another`` a new one is made although there is one: for when the first was lost. The others stay valid.
    """

    id = AssetId(Kind.API_KEY, NAME)
    place = Place.ELASTICSEARCH

    def __init__(self, cluster: Cluster, *, another: bool = False) -> None:
        self._cluster = cluster
        self._another = another

    @override
    async def compare(self) -> Comparison:
        keys = await self._read_keys()
        if not keys:
            return ABSENT
        if self._another:
            ids = ", ".join(cast("str", key["id"]) for key in keys)
            return Comparison(State.ABSENT, (f"stays valid until you invalidate it: {ids}",))
        lines = [line for key in keys for line in _differences(key)]
        return Comparison(State.DIFFERENT, tuple(dict.fromkeys(lines))) if lines else CURRENT

    @override
    async def find_obstacle(self) -> RefusalError | None:
        login = self._cluster.login or {}
        if login.get("authentication_type") == "api_key":
            return RefusalError(
                "a login by API key cannot make a key that has privileges",
                where=str(self.id),
                fix="Log in with --username and AOAI_SETUP_PASSWORD, or leave it out with --only",
            )
        return self._cluster.lack(self.id, "manage_own_api_key", *_NEEDED) or await self._find_other_owner()

    @override
    async def find_removal_obstacle(self) -> RefusalError | None:
        return self._cluster.lack(self.id, "manage_own_api_key")

    @override
    async def write(self) -> Secret | None:
        stale = await self._read_stale()
        if stale:
            for key in stale:
                await self._cluster.write("PUT", f"{_PATH}/{key['id']}", str(self.id), _rights())
            return None
        made = await self._cluster.write("POST", _PATH, str(self.id), {"name": NAME, **_rights()})
        return Secret(f"{made['id']}:{made['api_key']}")

    @override
    async def remove(self) -> None:
        ids = [key["id"] for key in await self._read_keys()]
        if ids:
            body: Body = {"ids": ids}
            if not self._sees_all:
                body["owner"] = True
            await self._cluster.write("DELETE", _PATH, str(self.id), body)

    @property
    def _sees_all(self) -> bool:
        return self._cluster.granted.get("manage_api_key", False)

    async def _find_other_owner(self) -> RefusalError | None:
        """A key can be changed by its owner alone; making another needs no other's key."""
        me = (self._cluster.login or {}).get("username")
        owners = [key["username"] for key in await self._read_stale() if key["username"] != me]
        if not owners:
            return None
        return RefusalError(
            f"it has other privileges than it should, and belongs to {owners[0]}",
            where=str(self.id),
            fix=f"Log in as {owners[0]}, or make another one with --only {Kind.API_KEY.option}",
        )

    async def _read_stale(self) -> list[Mapping[str, object]]:
        """The keys to bring up to date; to make another one touches none."""
        return [] if self._another else [key for key in await self._read_keys() if _differences(key)]

    async def _read_keys(self) -> list[Mapping[str, object]]:
        owner = "false" if self._sees_all else "true"
        found = await self._cluster.read(f"{_PATH}?name={NAME}&owner={owner}&active_only=true", str(self.id))
        keys = cast("list[Mapping[str, object]]", found.get("api_keys") or [])
        return [key for key in keys if MARK.items() <= cast("Body", key.get("metadata") or {}).items()]


def _rights() -> Body:
    return {"role_descriptors": {COLLECTOR_NAME: COLLECTOR}, "metadata": MARK}


def _differences(key: Mapping[str, object]) -> tuple[str, ...]:
    stored = cast("Mapping[str, Body]", key.get("role_descriptors") or {})
    return describe({name: normalise(role) for name, role in stored.items()}, {COLLECTOR_NAME: normalise(COLLECTOR)})
