"""A cluster: what it is, who is logged in, and requests whose failures are refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError, TransportError

from collector.assets.files import Body
from collector.assets.server import JSON_HEADERS
from collector.assets.setup.asset import AssetId
from collector.assets.setup.elasticsearch.refusals import refuse
from collector.assets.setup.refusal import RefusalError

STREAMS: Final = ("logs-aoai.*-*", "metrics-aoai.*-*")
"""Every data stream of ours, in every namespace, and no other."""
OLDEST: Final = (8, 16)
"""The oldest Elasticsearch that the pipelines and mappings are written for."""
SETUP_ROLE: Final = "aoai_setup"
_LOGIN_REFUSED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Elasticsearch and the login in use.

    Attributes:
        client: asks it.
        url: as it was given, for messages.
        embedded: whether it is this project's embedded engine.
        login: who is logged in, as ``GET /_security/_authenticate`` tells; none where security is off.
        granted: which privileges were asked for, and whether the login has them; empty where security is off.
    """

    client: AsyncElasticsearch
    url: str
    embedded: bool
    login: Body | None = None
    granted: Mapping[str, bool] = field(default_factory=dict[str, bool])

    async def read(self, path: str, about: str, *, method: str = "GET") -> Body:
        """Ask without changing anything; what is not there is an empty answer.

        Raises:
            RefusalError: it cannot be read.
        """
        try:
            return await _perform(self.client, method, path)
        except NotFoundError:
            return {}
        except (ApiError, TransportError) as error:
            raise refuse(error, about) from error

    async def write(self, method: str, path: str, about: str, body: Body | None = None) -> Body:
        """Change something; to delete what is gone already is no mistake.

        Raises:
            RefusalError: it was refused.
        """
        try:
            return await _perform(self.client, method, path, body)
        except NotFoundError as error:
            if method == "DELETE":
                return {}
            raise refuse(error, about) from error
        except (ApiError, TransportError) as error:
            raise refuse(error, about) from error

    def lack(self, asset: AssetId, *privileges: str) -> RefusalError | None:
        """Return why the login may not change an asset that needs these privileges, unless it may."""
        missing = [privilege for privilege in privileges if not self.granted.get(privilege, True)]
        if not missing:
            return None
        return RefusalError(
            f"the login lacks the privilege {' and '.join(missing)}",
            where=str(asset),
            fix=f"Log in as somebody with {_role_with(missing)}, or leave it out with --only",
        )

    @staticmethod
    def foreign(asset: AssetId) -> RefusalError:
        """Return the refusal to replace what has one of our names and was made by somebody else."""
        return RefusalError(
            "one of this name is there that aoai-collector did not make",
            where=str(asset),
            fix="Rename or delete it if nobody needs it, and run this again",
        )


def _role_with(privileges: Sequence[str]) -> str:
    return "the role superuser" if "manage_security" in privileges else f"the role {SETUP_ROLE} or superuser"


async def inspect(client: AsyncElasticsearch, url: str) -> Cluster:
    """Find out what a cluster is and what the login may do there; reads only.

    Raises:
        RefusalError: it does not answer, is not Elasticsearch or too old, or refuses the login.
    """
    try:
        version = cast("Mapping[str, str]", (await client.info())["version"])
        login = await _authenticate(client)
        granted = await _ask_privileges(client) if login else {}
    except (ApiError, TransportError) as error:
        refusal = refuse(error, url)
        if not isinstance(error, ApiError):
            refusal = RefusalError(f"the server does not answer: {refusal.what}", where=url, fix=refusal.fix)
        raise refusal from error
    flavor = version.get("build_flavor")
    if flavor not in {"embedded", "serverless"}:
        _check_version(version["number"], url)
    return Cluster(client, url, flavor == "embedded", login, granted)


def _check_version(number: str, url: str) -> None:
    major, minor = (int(part) for part in number.split(".")[:2])
    if (major, minor) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise RefusalError(
            f"Elasticsearch {number} is too old", where=url, fix=f"Upgrade it to {oldest} or later, or to 9.x"
        )


async def _authenticate(client: AsyncElasticsearch) -> Body | None:
    try:
        return await _perform(client, "GET", "/_security/_authenticate")
    except ApiError as error:
        if error.status_code in _LOGIN_REFUSED:
            raise
        return None  # a cluster without security has no such address


CLUSTER_PRIVILEGES: Final = (
    "manage_ingest_pipelines",
    "manage_index_templates",
    "manage_security",
    "manage_own_api_key",
    "manage_api_key",
    "monitor",
)
INDEX_PRIVILEGES: Final = ("auto_configure", "create_doc", "read", "view_index_metadata", "manage")


async def _ask_privileges(client: AsyncElasticsearch) -> dict[str, bool]:
    wanted: Body = {
        "cluster": list(CLUSTER_PRIVILEGES),
        "index": [{"names": list(STREAMS), "privileges": list(INDEX_PRIVILEGES)}],
    }
    answer = cast("dict[str, Any]", await _perform(client, "POST", "/_security/user/_has_privileges", wanted))
    of_indices = cast("list[dict[str, bool]]", list(answer["index"].values()))
    granted = {privilege: all(each[privilege] for each in of_indices) for privilege in INDEX_PRIVILEGES}
    return cast("dict[str, bool]", answer["cluster"]) | granted


async def _perform(client: AsyncElasticsearch, method: str, path: str, body: Body | None = None) -> Body:
    response = await client.perform_request(method, path, headers=JSON_HEADERS, body=body)
    return cast("Body", response.body)
