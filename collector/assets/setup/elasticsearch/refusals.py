"""What a client of Elasticsearch raises, as a refusal with its fix."""

from typing import Final

from elasticsearch import ApiError, TransportError, UnsupportedProductError

from collector.assets.server import explain
from collector.assets.setup.refusal import RefusalError

_UNAUTHENTICATED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_RUN_AGAIN: Final = "Run this again; what is done already stays"

_STRANGER: Final = "what answers there is not Elasticsearch"

_BLOCKS: Final = {
    "cluster read-only (api)": "cluster.blocks.read_only",
    "cluster read-only / allow delete (api)": "cluster.blocks.read_only_allow_delete",
}
"""Elasticsearch's words for a block of the whole cluster, and the setting behind it."""


def refuse(error: ApiError | TransportError, where: str) -> RefusalError:
    """Explain an error of the client; ``where`` is the address or the asset."""
    strange = isinstance(error, UnsupportedProductError)
    return RefusalError(_STRANGER if strange else explain(error), where=where, fix=_find_fix(error))


def _find_fix(error: ApiError | TransportError) -> str:
    if isinstance(error, UnsupportedProductError):
        return "Give the address of Elasticsearch itself with --elasticsearch; Kibana's goes into --kibana"
    if not isinstance(error, ApiError):
        return "Check address, port and proxy, and that the cluster is up"
    text = explain(error)
    for words, setting in _BLOCKS.items():
        if words in text:
            return f"The cluster is read-only: find out why, then set {setting} to null in its cluster settings"
    if "same priority" in text:
        return "Give that other template another priority, or delete it, and run this again"
    return _FIXES.get(error.status_code, "Nothing of it was changed; mend the reason and run this again")


_FIXES: Final = {
    _UNAUTHENTICATED: "Log in: AOAI_SETUP_API_KEY in the environment, or --username with AOAI_SETUP_PASSWORD",
    _FORBIDDEN: "Log in as somebody with the role aoai_setup or superuser (docs/setup.md lists the privileges)",
    _TOO_MANY: _RUN_AGAIN,
    _UNAVAILABLE: _RUN_AGAIN,
}
