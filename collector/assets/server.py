"""The server's side of an asset: where it lies, and what is stored there."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError, TransportError

from collector.assets.errors import AssetError, AssetsUnreadableError
from collector.assets.files import Body
from collector.assets.setup.kinds import Kind
from collector.assets.templates import PACKAGE

FORBIDDEN = (401, 403)

JSON_HEADERS = {"accept": "application/json", "content-type": "application/json"}


_OURS = "*-aoai.*"
"""Matches every name of ours, and a user's @custom beside them."""


PATHS = {
    Kind.PIPELINE: "/_ingest/pipeline",
    Kind.COMPONENT_TEMPLATE: "/_component_template",
    Kind.INDEX_TEMPLATE: "/_index_template",
}
"""By kind: those that are stored under a name, as they were sent."""


async def is_embedded(client: AsyncElasticsearch) -> bool:
    """Whether the server is this project's embedded engine, which says so in ``version.build_flavor``.

    Raises:
        AssetsUnreadableError: the credentials are good and may not ask.
        AssetError: the server does not answer, or refuses the credentials.
    """
    try:
        info = await client.info()
    except (ApiError, TransportError) as error:
        if isinstance(error, ApiError) and error.status_code == HTTPStatus.FORBIDDEN:
            raise AssetsUnreadableError(f"what the server is cannot be read: {explain(error)}") from error
        raise AssetError(f"the server does not answer: {explain(error)}") from error
    return info["version"].get("build_flavor") == "embedded"


def is_of_fleet(template: Body) -> bool:
    """Whether Fleet installed a template, with our package; it writes the package's name and no version."""
    meta = cast("Mapping[str, object]", template.get("_meta") or {})
    package = cast("Mapping[str, object]", meta.get("package") or {})
    return meta.get("managed_by") == "fleet" and package.get("name") == PACKAGE


async def read_stored(client: AsyncElasticsearch, kind: Kind) -> dict[str, Body]:
    """The package's assets of a kind as the server holds them, by name, without the dates it keeps: in one request.

    Raises:
        AssetsUnreadableError: the credentials do not suffice.
        AssetError: any other failure.
    """
    try:
        response = await client.perform_request("GET", f"{PATHS[kind]}/{_OURS}", headers=JSON_HEADERS)
    except NotFoundError:
        return {}
    except (ApiError, TransportError) as error:
        reason = f"{kind}s {_OURS} cannot be read: {explain(error)}"
        if isinstance(error, ApiError) and error.status_code in FORBIDDEN:
            raise AssetsUnreadableError(reason) from error
        raise AssetError(reason) from error
    stored = _unwrap(kind, cast("Mapping[str, object]", response.body))
    return {name: {key: value for key, value in body.items() if "date" not in key} for name, body in stored.items()}


def explain(error: ApiError | TransportError) -> str:
    """The server's reason in one line, without the request."""
    if not isinstance(error, ApiError):
        return error.message
    body = cast("object", error.body)
    detail = cast("Mapping[str, object]", body).get("error") if isinstance(body, Mapping) else body
    if isinstance(detail, Mapping):
        reason = cast("Mapping[str, object]", detail)
        detail = f"{reason.get('type')}: {reason.get('reason')}"
    return f"{detail} (status {error.status_code})"


def _unwrap(kind: Kind, response: Mapping[str, object]) -> dict[str, Body]:
    if kind is Kind.PIPELINE:
        return cast("dict[str, Body]", response)
    key = "component_template" if kind is Kind.COMPONENT_TEMPLATE else "index_template"
    entries = cast("list[Body]", response[f"{key}s"])
    return {cast("str", entry["name"]): cast("Body", entry[key]) for entry in entries}
