"""Rules: what becomes of one JSON value, made from tables of what is known to be safe.

Promise: a rule takes any JSON value, not only the kind that the API writes there. What is not the kind that it knows
is treated as content. Keys that no table names go to the treatment with their values.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from collector.redact.markers import SECRET
from collector.redact.treatments import Treatment

Rule = Callable[[Any], Any]
Table = Mapping[str, Rule]

_MOST_REMEMBERED: Final = 64
"""Values of a kind that are not looked at twice; an API has few words."""
_NUMBERS: Final = frozenset({int, float, bool, type(None)})
# Scheme, host, plain segments and the API version: most URLs of a gateway.
_PLAIN_URL: Final = re.compile(
    r"(?:https?://[A-Za-z0-9.-]{1,255}(?::\d{1,5})?)?(?:/[A-Za-z0-9._~:-]{0,128})*(?:\?api-version=[A-Za-z0-9.-]{1,32})?"
)
_URL_PARTS: Final = re.compile(r"((?:https?://)?)(?:([^/?#]*)@)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~:-]{0,128}")
_SAFE_QUERY: Final = frozenset({"api-version", "timeout", "stream", "limit", "order"})
_MOST_URL_PARTS: Final = 64
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_SAFE_HEADERS: Final = re.compile(
    r"(?:x-)?(?:ms-)?(?:client-)?request-id|apim-request-id|x-ms-[a-z-]*region|x-ms-deployment-name|x-ms-rai-invoked"
    r"|x-ratelimit-[a-z-]+|retry-after(?:-ms)?|content-(?:type|length|encoding)|date|age|server|transfer-encoding"
    r"|azureml-model-(?:session|deployment|group)|openai-(?:model|processing-ms|version)|api-supported-versions"
    r"|traceparent|user-agent|accept(?:-encoding)?|host|connection|cache-control"
)
_SAFE_HEADER_VALUE: Final = re.compile(r"[A-Za-z0-9 ._:;,=/()+*-]{0,256}")
_SECRET_NAMES: Final = re.compile(
    r"auth|key|token|secret|cookie|passw|signature|credential|\Asig\Z|\Acode\Z", re.IGNORECASE
)


def names(listed: str) -> tuple[str, ...]:
    """Return the names that a text lists, with blanks between them."""
    return tuple(listed.split())


def text(treatment: Treatment) -> Rule:
    """A text, or a list of texts; everything else is content of another kind."""
    treat_text, opaque = treatment.text, treatment.opaque

    def apply(value: Any) -> Any:
        if type(value) is str:
            return treat_text(value)
        if type(value) is list and any(type(item) in {str, list} for item in cast("list[Any]", value)):
            return [apply(item) for item in cast("list[Any]", value)]
        return opaque(value)

    return apply


def opaque(treatment: Treatment) -> Rule:
    """A value of users' own making: tool arguments, schemas, metadata, token lists."""
    return treatment.opaque


def number(treatment: Treatment) -> Rule:
    """A number or a switch."""

    def apply(value: Any) -> Any:
        return value if type(value) in _NUMBERS else treatment.opaque(value)

    return apply


def matching(pattern: str, treatment: Treatment) -> Rule:
    """A text of this form, or a list of such; numbers and switches stay."""
    fits = re.compile(pattern).fullmatch
    fitting: set[str] = set()

    def apply(value: Any) -> Any:
        if type(value) is str:
            if value in fitting:
                return value
            if not fits(value):
                return treatment.text(value)
            if len(fitting) < _MOST_REMEMBERED:
                fitting.add(value)
            return value
        if type(value) in _NUMBERS:
            return value
        if type(value) is list:
            return [apply(item) for item in cast("list[Any]", value)]
        return treatment.opaque(value)

    return apply


def within(table: Table, treatment: Treatment, leaf: Rule | None = None) -> Rule:
    """An object with these members, or a list of such; a value of another kind goes to ``leaf``."""
    find, others, bare = table.get, treatment.others, leaf or text(treatment)

    def apply(value: Any) -> Any:
        if type(value) is dict:
            members = cast("dict[str, Any]", value)
            kept: dict[str, Any] = {}
            unknown: dict[str, Any] | None = None
            for key, inner in members.items():
                rule = find(key)
                if rule is not None:
                    kept[key] = rule(inner)
                elif unknown is None:
                    unknown = {key: inner}
                else:
                    unknown[key] = inner
            if unknown is not None:
                kept.update(others(unknown))
            return kept
        if type(value) is list and _holds_objects(cast("list[Any]", value)):
            return [apply(item) for item in cast("list[Any]", value)]
        return bare(value)

    return apply


def _holds_objects(items: list[Any]) -> bool:
    return bool(items) and (type(items[0]) is dict or any(type(item) is dict for item in items))


def url(treatment: Treatment) -> Rule:
    """A URL: scheme, host, path and the API version stay; credentials never do, whatever the level."""

    def part(value: str) -> str:
        return value if _SEGMENT.fullmatch(value) else treatment.text(value)

    def pair(value: str) -> str:
        name, _, inner = value.partition("=")
        if name.lower() in _SAFE_QUERY and _SEGMENT.fullmatch(inner):
            return value
        if _SECRET_NAMES.search(name):
            return f"{part(name)}={SECRET}"
        return f"{part(name)}={treatment.text(inner)}"

    def apply(value: Any) -> Any:
        if type(value) is not str:
            return treatment.opaque(value)
        if _PLAIN_URL.fullmatch(value):
            return value
        found = _URL_PARTS.fullmatch(value)
        if found is None or value.count("/") + value.count("&") > _MOST_URL_PARTS:
            return treatment.text(value)
        scheme, login, path, query, fragment = found.groups()
        whole = scheme + (f"{SECRET}@" if login else "") + "/".join(part(each) for each in path.split("/"))
        if query:
            whole += "?" + "&".join(pair(each) for each in query.split("&"))
        return whole + (f"#{treatment.text(fragment)}" if fragment else "")

    return apply


def headers(treatment: Treatment) -> Rule:
    """HTTP headers by name: those that say how a call went stay; credentials never do, whatever the level."""
    bare = text(treatment)

    def header(name: str, value: Any) -> Any:
        if _SAFE_HEADERS.fullmatch(name.lower()) and type(value) is str and _SAFE_HEADER_VALUE.fullmatch(value):
            return value
        return SECRET if _SECRET_NAMES.search(name) else bare(value)

    def apply(value: Any) -> Any:
        if type(value) is not dict:
            return treatment.opaque(value)
        members = cast("dict[str, Any]", value)
        kept = {name: header(name, inner) for name, inner in members.items() if _HEADER_NAME.fullmatch(name)}
        unknown = {name: inner for name, inner in members.items() if name not in kept}
        return kept | treatment.others(unknown) if unknown else kept

    return apply
