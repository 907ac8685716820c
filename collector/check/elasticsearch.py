"""Whether an output's Elasticsearch answers, takes the login and has what the documents need. It reads only."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

from elasticsearch import ApiError, AsyncElasticsearch, TransportError, UnsupportedProductError

from collector.assets.errors import AssetError, AssetsUnreadableError
from collector.assets.files import Body
from collector.assets.presence import missing_assets
from collector.assets.server import JSON_HEADERS, explain
from collector.assets.setup.elasticsearch.cluster import OLDEST
from collector.assets.setup.elasticsearch.roles import COLLECTOR
from collector.check.findings import Finding, Outcome, Row, fail, skip
from collector.check.peers import judge_clock
from collector.check.running import Look, Probe
from collector.output.elasticsearch.connection import LOGINS, client_settings
from collector.policy import ElasticsearchOutput

_ROWS: Final = (Row.ELASTICSEARCH, Row.CLOCK, Row.LICENCE, Row.PRIVILEGES, Row.ASSETS)
_NEEDED_TO_WRITE: Final = frozenset({"auto_configure", "create_doc"})
_WITHOUT_VERSION: Final = frozenset({"embedded", "serverless"})
"""Values of ``version.build_flavor`` of what has no release number of its own to compare."""
_DAY_MS: Final = 86_400_000
_DAYS_OF_WARNING: Final = 30
_MOST_NAMES: Final = 5
_KEY: Final = (
    "Make a key with aoai-collector setup, or give the one in use what docs/elasticsearch-permissions.md names."
)


def probe_output(
    name: str, output: ElasticsearchOutput, targets: Sequence[str], setup_login: Mapping[str, Any] | None = None
) -> Probe:
    """Return the look at an output.

    `targets` are the data streams that documents go to; `setup_login`, arguments of ``AsyncElasticsearch``, is who may
    look at pipelines and templates where the output's own login may not.
    """
    return Probe(name, _ROWS, partial(_look, name, output, targets, setup_login))


async def _look(
    name: str, output: ElasticsearchOutput, targets: Sequence[str], setup_login: Mapping[str, Any] | None
) -> Look:
    try:
        settings = client_settings(output)
    except OSError as error:
        yield fail(Row.ELASTICSEARCH, name, f"the output cannot be used ({error})", "Correct the policy.")
        return
    async with AsyncElasticsearch(**settings, max_retries=0) as client:
        answer = await _look_at_server(client, name)
        yield answer
        if answer.outcome is Outcome.FAILED:
            return
        yield await _compare_clocks(client, name)
        yield await _look_at_licence(client, name)
        yield await _look_at_privileges(client, name, targets)
        assets = await _look_at_assets(client, name)
    if assets.outcome is Outcome.NOT_RUN and setup_login:
        own = {key: value for key, value in settings.items() if key not in LOGINS}
        async with AsyncElasticsearch(**own | dict(setup_login), max_retries=0) as client:
            assets = await _look_at_assets(client, name)
    yield assets


async def _look_at_server(client: AsyncElasticsearch, name: str) -> Finding:
    try:
        version = cast("Mapping[str, str]", (await client.info())["version"])
    except UnsupportedProductError:
        fix = "Write the address of Elasticsearch itself as hosts; Kibana's is another."
        return fail(Row.ELASTICSEARCH, name, "what answers there is not Elasticsearch", fix)
    except ApiError as error:
        if error.status_code == HTTPStatus.FORBIDDEN:
            text = "it answers, and does not tell this login its version"
            return fail(Row.ELASTICSEARCH, name, text, _KEY, Outcome.WARNING)
        fix = "Look at the cluster."
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            fix = "Check the output's api_key, username and password, or service_token; a key may have expired."
        return fail(Row.ELASTICSEARCH, name, explain(error), fix)
    except TransportError as error:
        return fail(Row.ELASTICSEARCH, name, f"no answer ({explain(error)})", "Look at the rows of its hosts above.")
    if version.get("build_flavor") in _WITHOUT_VERSION:
        return Finding(Row.ELASTICSEARCH, name, Outcome.OK, f"Elasticsearch, {version['build_flavor']}")
    return _judge_version(name, version["number"])


def _judge_version(name: str, number: str) -> Finding:
    if tuple(int(part) for part in number.split(".")[:2]) < OLDEST:
        fix = f"Upgrade it to {'.'.join(map(str, OLDEST))} or later, or to 9.x."
        return fail(Row.ELASTICSEARCH, name, f"Elasticsearch {number} is too old", fix)
    return Finding(Row.ELASTICSEARCH, name, Outcome.OK, f"Elasticsearch {number} takes the login")


async def _compare_clocks(client: AsyncElasticsearch, name: str) -> Finding:
    path = "/_nodes/_local/stats/process?filter_path=nodes.*.timestamp"
    try:
        answer = await _ask(client, "GET", path)
    except (ApiError, TransportError):
        answer = {}
    nodes = cast("Mapping[str, Mapping[str, int]]", answer.get("nodes") or {})
    times = [each["timestamp"] for each in nodes.values()]
    if not times:
        return skip(Row.CLOCK, name, "the server tells this login no time")
    return judge_clock(name, time.time() - max(times) / 1000)


async def _look_at_licence(client: AsyncElasticsearch, name: str) -> Finding:
    try:
        licence = cast("Mapping[str, Any]", (await _ask(client, "GET", "/_license")).get("license", {}))
    except (ApiError, TransportError) as error:
        return skip(Row.LICENCE, name, f"the cluster tells no licence ({explain(error)})")
    kind, status = licence.get("type"), licence.get("status")
    if status != "active":
        text = f"the licence {kind} is {status}: what it pays for stands still, such as SLOs and anomaly jobs"
        fix = "Install a licence, or go to the free one: POST /_license/start_basic?acknowledge=true."
        return fail(Row.LICENCE, name, text, fix, Outcome.WARNING)
    expiry = licence.get("expiry_date_in_millis")
    days = (expiry - time.time() * 1000) / _DAY_MS if isinstance(expiry, int) else None
    if days is not None and days < _DAYS_OF_WARNING:
        text = f"the licence {kind} ends in {days:.0f} days"
        return fail(Row.LICENCE, name, text, "Install the next one.", Outcome.WARNING)
    return Finding(Row.LICENCE, name, Outcome.OK, f"{kind}, active")


async def _look_at_privileges(client: AsyncElasticsearch, name: str, targets: Sequence[str]) -> Finding:
    role = cast("Any", COLLECTOR)
    wanted: Body = {
        "cluster": role["cluster"],
        "index": [{"names": list(targets), "privileges": role["indices"][0]["privileges"]}],
    }
    try:
        answer = cast("Any", await _ask(client, "POST", "/_security/user/_has_privileges", wanted))
    except (ApiError, TransportError) as error:
        return skip(Row.PRIVILEGES, name, f"the cluster does not tell them; its security may be off ({explain(error)})")
    lacking = {right for right, granted in answer["cluster"].items() if not granted}
    lacking |= {right for rights in answer["index"].values() for right, granted in rights.items() if not granted}
    if not lacking:
        return Finding(Row.PRIVILEGES, name, Outcome.OK, f"all that collecting needs, on {len(targets)} data streams")
    outcome = Outcome.FAILED if lacking & _NEEDED_TO_WRITE else Outcome.WARNING
    places = [place for place, rights in answer["index"].items() if not all(rights.values())]
    where = f" on {_list(places)}" if places else ""
    return fail(Row.PRIVILEGES, name, f"the login lacks {', '.join(sorted(lacking))}{where}", _KEY, outcome)


async def _look_at_assets(client: AsyncElasticsearch, name: str) -> Finding:
    try:
        missing = await missing_assets(client)
    except AssetsUnreadableError:
        text = "the login may not look at pipelines and templates; that of setup may: AOAI_SETUP_API_KEY or --username"
        return skip(Row.ASSETS, name, text)
    except AssetError as error:
        return fail(Row.ASSETS, name, str(error), "Look at the cluster.")
    if not missing:
        return Finding(Row.ASSETS, name, Outcome.OK, "pipelines and templates are of this version")
    text = f"{len(missing)} are missing or of another version: {_list(missing)}"
    return fail(Row.ASSETS, name, text, "Run aoai-collector setup --elasticsearch URL as somebody who may.")


def _list(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(listed[:_MOST_NAMES]) + more


async def _ask(client: AsyncElasticsearch, method: str, path: str, body: Body | None = None) -> Body:
    response = await client.perform_request(method, path, headers=JSON_HEADERS, body=body)
    return cast("Body", response.body)
