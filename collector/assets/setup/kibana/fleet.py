"""Fleet's side: the package, an agent policy, and a package policy in it.

The package policy is made with its inputs switched off, since only a person knows which event hub and which
subscription they read: they are filled in and switched on in Kibana. From then on both policies are the person's, and
an installation changes nothing in them but the version of the package.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from collector import __version__
from collector.assets.errors import AssetError
from collector.assets.files import Body, read_yaml_object, shipped_package
from collector.assets.package.archive import pack
from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Kind, Place, State
from collector.assets.setup.kibana.connection import Kibana, Reply, segment
from collector.assets.setup.refusal import RefusalError

type Sleep = Callable[[float], Awaitable[None]]

_PACKAGES: Final = "/api/fleet/epm/packages"
_AGENT_POLICIES: Final = "/api/fleet/agent_policies"
_PACKAGE_POLICIES: Final = "/api/fleet/package_policies"
_POLICY: Final = "aoai-collector"
"""The id of our agent policy, and of the package policy in it."""
_POLICY_NAME: Final = "Azure OpenAI"
_PACKAGE_POLICY_NAME: Final = "azure-openai"
_NAMESPACE: Final = "default"
_UPLOADS: Final = 3
"""How often an upload is tried: another one may have come within the ten seconds that Fleet leaves between two."""
_PAUSE_S: Final = 10.0
_LOG: Final = "Look at Kibana's log"


def list_fleet(kibana: Kibana, *, sleep: Sleep = asyncio.sleep) -> list[Asset]:
    """Return the package and its policies.

    Raises:
        RefusalError: this installation does not hold the package.
    """
    try:
        root = shipped_package()
        manifest = read_yaml_object(root / "manifest.yml")
        _, archive = pack(root)
    except AssetError as error:
        raise RefusalError(str(error), where="--fleet", fix="Install aoai-collector anew") from error
    return [
        Package(kibana, str(manifest["name"]), archive, sleep),
        AgentPolicy(kibana),
        PackagePolicy(kibana, manifest),
    ]


class Package(Asset):
    """The package; one of a newer version is left as it is."""

    place = Place.FLEET

    def __init__(self, kibana: Kibana, name: str, archive: bytes, sleep: Sleep) -> None:
        """Stand for the package in this archive; `sleep` waits for seconds."""
        self._kibana = kibana
        self._path = f"{_PACKAGES}/{segment(name)}"
        self._archive = archive
        self._sleep = sleep
        self._installed = ""
        self.id = AssetId(Kind.PACKAGE, name)

    async def compare(self) -> Comparison:
        """Compare versions. Fleet looks in its registry for what is not installed, which may be out of reach."""
        reply = await self._kibana.get(self._path)
        if not reply.ok and not reply.missing and reply.status != HTTPStatus.BAD_GATEWAY:
            raise reply.refuse(str(self.id), _LOG)
        item: Mapping[str, Any] = reply.body["item"] if reply.ok else {}
        if item.get("status") != "installed":
            return ABSENT
        self._installed = str(item.get("installationInfo", {}).get("version") or item["version"])
        if self._installed == __version__:
            return CURRENT
        words = (f"version: {self._installed} -> {__version__}",)
        newer = _order(self._installed) > _order(__version__)
        return Comparison(State.KEPT if newer else State.DIFFERENT, words)

    async def write(self) -> None:
        """Upload the archive, after as many seconds as Fleet asks to wait."""
        reply = await self._upload()
        for _ in range(_UPLOADS - 1):
            if reply.status != HTTPStatus.TOO_MANY_REQUESTS:
                break
            await self._sleep(float(reply.headers.get("retry-after", _PAUSE_S)))
            reply = await self._upload()
        if not reply.ok:
            raise reply.refuse(str(self.id), "Update Kibana if the package needs a newer one, or look at its log")

    async def remove(self) -> None:
        """Uninstall it."""
        reply = await self._kibana.send("DELETE", f"{self._path}/{segment(self._installed)}")
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Delete the package's integration policies in Kibana first")

    async def _upload(self) -> Reply:
        return await self._kibana.send("POST", _PACKAGES, data=io.BytesIO(self._archive), media_type="application/zip")


class AgentPolicy(Asset):
    """The agent policy. Once it is there it is a person's; we never change it."""

    place = Place.FLEET

    def __init__(self, kibana: Kibana) -> None:
        """Look for it in this Kibana."""
        self._kibana = kibana
        self._agents = 0
        self.id = AssetId(Kind.AGENT_POLICY, _POLICY)

    async def compare(self) -> Comparison:
        """Look whether it is there, and how many agents run by it."""
        reply = await self._kibana.get(f"{_AGENT_POLICIES}/{_POLICY}")
        if reply.missing:
            return ABSENT
        if not reply.ok:
            raise reply.refuse(str(self.id), _LOG)
        self._agents = int(reply.body["item"].get("agents") or 0)
        return CURRENT

    async def find_holders(self) -> tuple[str, ...]:
        """Name the agents that would lose their policy."""
        return (f"{self._agents} enrolled agents run by it",) if self._agents else ()

    async def write(self) -> None:
        """Create it."""
        body = {
            "id": _POLICY,
            "name": _POLICY_NAME,
            "namespace": _NAMESPACE,
            "description": "Made by aoai-collector setup",
            "monitoring_enabled": ["logs", "metrics"],
        }
        reply = await self._kibana.send("POST", _AGENT_POLICIES, body)
        if not reply.ok:
            raise reply.refuse(str(self.id), f"Rename the agent policy that is called {_POLICY_NAME!r} already")

    async def remove(self) -> None:
        """Delete it."""
        reply = await self._kibana.send("POST", f"{_AGENT_POLICIES}/delete", {"agentPolicyId": _POLICY})
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Unenroll its agents in Kibana first")


class PackagePolicy(Asset):
    """The package policy; of one that is there only the package's version is changed."""

    place = Place.FLEET

    def __init__(self, kibana: Kibana, manifest: Body) -> None:
        """Make a policy of the package with this manifest."""
        self._kibana = kibana
        self._package = str(manifest["name"])
        self._inputs = _list_inputs(manifest)
        self._exists = False
        self.id = AssetId(Kind.PACKAGE_POLICY, _POLICY)
        self.needs = frozenset({AssetId(Kind.PACKAGE, self._package), AssetId(Kind.AGENT_POLICY, _POLICY)})

    async def compare(self) -> Comparison:
        """Look whether it is there, and of which version of the package."""
        reply = await self._kibana.get(self._path)
        if reply.missing:
            return ABSENT
        if not reply.ok:
            raise reply.refuse(str(self.id), _LOG)
        self._exists = True
        version = str(reply.body["item"]["package"]["version"])
        if _order(version) >= _order(__version__):
            return CURRENT
        return Comparison(State.DIFFERENT, (f"package.version: {version} -> {__version__}",))

    async def find_holders(self) -> tuple[str, ...]:
        """Name the agents that would stop collecting."""
        reply = await self._kibana.get(f"{_AGENT_POLICIES}/{_POLICY}")
        agents = int(reply.body["item"].get("agents") or 0) if reply.ok else 0
        return (f"{agents} enrolled agents collect by it",) if agents else ()

    async def write(self) -> None:
        """Create it with every input switched off, or bring it to the package's version."""
        if self._exists:
            reply = await self._kibana.send("POST", f"{_PACKAGE_POLICIES}/upgrade", {"packagePolicyIds": [_POLICY]})
            failed = [each for each in reply.body if not each["success"]] if reply.ok else []
            if failed:
                reason = failed[0].get("body", {}).get("message", "no reason was given")
                raise RefusalError(f"Kibana says: {reason}", where=str(self.id), fix="Upgrade it in Kibana by hand")
        else:
            reply = await self._kibana.send("POST", f"{_PACKAGE_POLICIES}?format=simplified", self._body())
        if not reply.ok:
            raise reply.refuse(
                str(self.id), f"Rename the integration policy {_PACKAGE_POLICY_NAME}, if there is one already"
            )

    async def remove(self) -> None:
        """Delete it."""
        reply = await self._kibana.send("DELETE", self._path)
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Delete it in Kibana, under Fleet")

    @property
    def _path(self) -> str:
        return f"{_PACKAGE_POLICIES}/{_POLICY}"

    def _body(self) -> dict[str, Any]:
        return {
            "id": _POLICY,
            "name": _PACKAGE_POLICY_NAME,
            "namespace": _NAMESPACE,
            "description": "Made by aoai-collector setup: fill in and switch on what is to be collected",
            "policy_ids": [_POLICY],
            "package": {"name": self._package, "version": __version__},
            "inputs": {each: {"enabled": False} for each in self._inputs},
        }


def _list_inputs(manifest: Body) -> list[str]:
    """What a package policy calls the inputs of a package: the policy template, and the input's type."""
    templates = cast("list[Mapping[str, Any]]", manifest["policy_templates"])
    return [f"{template['name']}-{each['type']}" for template in templates for each in template["inputs"]]


def _order(version: str) -> tuple[int, ...]:
    """A version to be compared; what follows its numbers is left out."""
    numbers = version.partition("-")[0].partition("+")[0].split(".")
    return tuple(int(each) for each in numbers if each.isdecimal())
