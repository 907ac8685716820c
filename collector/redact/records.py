"""Records: where in them content can stand.

A record of Azure OpenAI, API Management or Azure Machine Learning, and one that does not say where it comes from, is
read by tables: what they do not name is content. In a record of another service only bodies and messages are.

Promise: what is no body keeps its place and its JSON type; keys of the envelope keep their spelling.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from collector.redact.bodies import Bodies, decode_json
from collector.redact.rules import Rule, headers, names, number, opaque, text, url, within
from collector.redact.treatments import Treatment

_OURS: Final = re.compile(
    r"/providers/microsoft\.(?:apimanagement|cognitiveservices|machinelearningservices)(?:/|\Z)", re.IGNORECASE
)
_PROVIDER: Final = re.compile(r"/subscriptions/[^/]+/(?:[^/]+/[^/]+/)*?providers/", re.IGNORECASE)
_LONGEST_TOKEN: Final = 1024
_PHRASE: Final = re.compile(r"[A-Za-z0-9 ._()/;:,+-]{0,256}")
_MOST_KEYS: Final = 512
"""Keys of an object of Azure's; one with more is none of Azure's."""
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_BODY_WORD: Final = re.compile(r"body|messages|prompt|completion", re.IGNORECASE)
_BODY_KEY: Final = re.compile(r".*(?:body|messages|prompts?|completion)", re.IGNORECASE | re.DOTALL)

# In lower case, as Azure varies theirs.
_PLAIN: Final = names(
    # the envelope; https://learn.microsoft.com/azure/azure-monitor/essentials/resource-logs-schema
    "assetidentity calleripaddress category correlationid deploymentversion durationms enqueuetime event identity "
    "isrequestsuccess level operationname operationversion resourceid resultsignature resulttype "
    "servicename sku tenant tenantid time truncated type "
    # what Stream Analytics adds, and exported metrics
    "eventprocessedutctime partitionid eventenqueuedutctime average count maximum metricname minimum timegrain total "
    # RequestResponse, Audit and usage of Azure OpenAI
    "cachedtokens callerobjectid completiontokens generatedtokens modeldeploymentname modelname modelversion "
    "objectid prompttokens requestlength requesttime responselength responsetime streamtype totaltokens "
    # API Management
    "apiid apimsubscriptionid apirevision apiversion backendid backendmethod backendprotocol backendresponsecode "
    "backendtime cache cachetime clientprotocol clienttime clienttlsciphersuite clienttlsversion deploymentname "
    "elapsed ismastertrace isstreamcompletion istraceallowed istraceexpired istracerequested method operationid "
    "productid promptcachedtokens requestid requestsize responsecode responsesize scope section sequencenumber source "
    "timestamp totaltime userid workspaceid reason policyid "
    # its calls of MCP servers; an id of a session is half a key
    "authenticationmethod clientversion errortype mcpserverendpoint protocolversion serverversion toolname "
    # online endpoints of Azure Machine Learning
    "authtype azuremlworkspaceid azuremlworkspacename containerimagename containername endpointname identitydata "
    "instanceid modelstatuscode protocol requestdurationms requestpayloadsize requestthrottlingdelayms "
    "responsedurationms responsepayloadsize responsethrottlingdelayms subscriptionid timegenerated "
    "totaldurationms xmsclientrequestid xrequestid"
)
_PHRASES: Final = names(
    "apiname apitype clientname location modelstatusreason region responsecodereason servername useragent"
)
_BODIES: Final = names(
    "backendrequestbody backendresponsebody requestbody requestmessages responsebody responsemessages"
)
_HEADERS: Final = names("backendrequestheaders backendresponseheaders requestheaders responseheaders")
_URLS: Final = ("backendurl", "path", "url")

_encode = msgspec.json.Encoder().encode


class Records:
    """Treats records at one level."""

    def __init__(self, treatment: Treatment) -> None:
        self._treatment = treatment
        self._bodies = Bodies(treatment)
        self._rules: dict[str, Rule] = (
            dict.fromkeys(_PLAIN, _plain(_is_token, treatment))
            | dict.fromkeys(_PHRASES, _plain(_PHRASE.fullmatch, treatment))
            | dict.fromkeys(_BODIES, self._bodies.apply)
            | dict.fromkeys(_HEADERS, headers(treatment))
            | dict.fromkeys(_URLS, url(treatment))
            | {"usage": within({}, treatment, number(treatment)), "tracerecords": opaque(treatment)}
        )
        self._rules |= {"properties": self._properties, "lasterror": self._members, "errors": self._members}
        self._text = text(treatment)
        self._spelled: dict[str, Rule] = {}

    def apply(self, record: dict[str, Any], written: str = "") -> dict[str, Any] | None:
        """Return what may leave of a decoded record, or None when all of it may, as it was ``written``."""
        self._treatment.begin()
        self._bodies.begin()
        if _is_ours(record):
            return self._members(record)
        if written and "\\u" not in written and _BODY_WORD.search(written) is None:
            return None
        return self._foreign(record)

    def _members(self, value: Any) -> Any:
        """Treat an object whose keys are Azure's own; one that no table names keeps its key and loses its texts."""
        if type(value) is list:
            return [self._members(item) for item in cast("list[Any]", value)]
        if type(value) is not dict:
            return self._treatment.opaque(value)
        if len(cast("dict[str, Any]", value)) > _MOST_KEYS:
            return self._treatment.others(cast("dict[str, Any]", value))
        kept: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for key, inner in cast("dict[str, Any]", value).items():
            rule = self._spelled.get(key) or self._rule(key)
            if rule is None:
                unknown[key] = inner
            else:
                kept[key] = rule(inner)
        return kept | self._treatment.others(unknown) if unknown else kept

    def _rule(self, key: str) -> Rule | None:
        """Find the rule of a key in whatever case; a key that could not be Azure's has none."""
        rule = self._rules.get(key.lower())
        if rule is not None:
            if len(self._spelled) < _MOST_KEYS:
                self._spelled[key] = rule
            return rule
        if _KEY.fullmatch(key) is None:
            return None
        return self._bodies.apply if _BODY_KEY.fullmatch(key) else self._unknown

    def _unknown(self, value: Any) -> Any:
        return value if type(value) in {int, float, bool} else self._text(value)

    def _properties(self, value: Any) -> Any:
        """Treat properties; they come as an object, or as a JSON text that stays one."""
        if type(value) is not str:
            return self._members(value)
        try:
            inner = decode_json(value)
            inner = decode_json(inner) if type(inner) is str else inner
        except (msgspec.DecodeError, RecursionError):
            return self._treatment.unreadable(value)
        return _encode(self._members(inner)).decode()

    def _foreign(self, value: Any) -> Any:
        """Look for bodies at any depth, in JSON texts too, and leave the rest as it is."""
        if type(value) is dict:
            return {
                key: self._bodies.apply(inner) if _BODY_KEY.fullmatch(key) else self._foreign(inner)
                for key, inner in cast("dict[str, Any]", value).items()
            }
        if type(value) is list:
            return [self._foreign(item) for item in cast("list[Any]", value)]
        if type(value) is str and value.lstrip()[:1] in {"{", "["}:
            return self._foreign_text(value)
        return value

    def _foreign_text(self, value: str) -> str:
        try:
            inner = decode_json(value)
        except msgspec.DecodeError:
            return self._treatment.unreadable(value) if _BODY_WORD.search(value) else value
        treated = self._foreign(inner)
        return value if treated == inner else _encode(treated).decode()


def _plain(fits: Callable[[str], object], treatment: Treatment) -> Rule:
    """Return the rule for values that Azure makes: texts that fit, numbers, and lists and objects of such."""

    def apply(value: Any) -> Any:
        if type(value) is str:
            return value if fits(value) else treatment.text(value)
        if type(value) is list:
            return [apply(item) for item in cast("list[Any]", value)]
        if type(value) is not dict:
            return value
        members = cast("dict[str, Any]", value)
        unknown = {key: inner for key, inner in members.items() if not _is_token(key)}
        kept = {key: apply(inner) for key, inner in members.items() if key not in unknown}
        return kept | treatment.others(unknown) if unknown else kept

    return apply


def _is_token(value: str) -> bool:
    """Tell whether a text could be an id, a name, a code or an address: such have no blanks."""
    return value.isascii() and value.isprintable() and " " not in value and len(value) <= _LONGEST_TOKEN


def _is_ours(record: dict[str, Any]) -> bool:
    """Tell whether a record is read by tables: unless it says that another service wrote it."""
    resource = record.get("resourceId")
    if resource is None:
        resource = next((value for key, value in record.items() if key.lower() == "resourceid"), None)
    return not isinstance(resource, str) or _is_of_ours(resource)


@lru_cache(maxsize=256)
def _is_of_ours(resource: str) -> bool:
    return _OURS.search(resource) is not None or _PROVIDER.match(resource) is None
