"""Documents of the inventory: what there is, in Azure's words, beside the metrics of what happens.

``azure.inventory`` holds what Resource Manager said: of an account, its deployment and the deployment's model; of a
deployment of an online endpoint; or of a quota. Only the keys named here are taken over: environment variables of a
deployment may hold secrets, and ``systemData`` names people. Source: REST references of Microsoft.CognitiveServices
(Deployments, Models, Usages) and Microsoft.MachineLearningServices (Online Deployments), 2024-10-01.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from collector.inputs.azure_metrics.clients import Json
from collector.inputs.azure_metrics.discovery import Found
from collector.inputs.azure_metrics.documents import describe, digest, place
from collector.inputs.azure_metrics.ports import Document, moment
from collector.policy.azure_resources import ACCOUNTS, ONLINE_DEPLOYMENTS

type Keys = Mapping[str, "Keys | None"]
"""Which keys are taken over; None for one that is taken with all that it holds."""

_SKU: Final[Keys] = {"name": None, "capacity": None}
_ACCOUNT: Final[Keys] = {"kind": None, "sku": {"name": None}}
_DEPLOYMENT: Final[Keys] = {
    "name": None,
    "sku": _SKU,
    "properties": {
        "model": {"format": None, "name": None, "version": None},
        "provisioningState": None,
        "rateLimits": None,
        "versionUpgradeOption": None,
    },
}
_ENDPOINT_DEPLOYMENT: Final[Keys] = {
    "name": None,
    "sku": _SKU,
    "properties": {"instanceType": None, "model": None, "provisioningState": None},
}
_MODEL: Final[Keys] = {"deprecation": {"inference": None}, "lifecycleStatus": None, "sku": {"deprecationDate": None}}
_USAGE: Final[Keys] = {"name": None, "unit": None, "currentValue": None, "limit": None}


class Models:
    """What the models of some regions are said to be."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[tuple[str, ...], Json] = {}

    def add(self, region: str, entries: Iterable[Json]) -> None:
        """Take the entries of a region's list of models."""
        for entry in entries:
            model = _at(entry, "model")
            self._known[region, *_name(model)] = model

    def find(self, region: str, deployment: Json) -> Json:
        """Return what is known of a deployment's model; its ``sku`` is the one of the deployment's kind."""
        model = self._known.get((region, *_name(_at(_at(deployment, "properties"), "model"))), {})
        kind = _at(deployment, "sku").get("name")
        skus = cast("Sequence[Json]", model.get("skus") or ())
        return _pick({**model, "sku": next((sku for sku in skus if sku.get("name") == kind), None)}, _MODEL)


def list_deployments(found: Iterable[Found], models: Models, minute: int) -> Iterator[Document]:
    """Yield a document for each deployment of a model, and of an online endpoint."""
    for each in found:
        if each.resource.type == ACCOUNTS:
            account = _pick(each.described, _ACCOUNT)
            for deployment in each.deployments:
                said = {"account": account, "deployment": _pick(deployment, _DEPLOYMENT)}
                model = models.find(each.resource.region, deployment)
                key = f"{each.resource.key}/deployments/{str(deployment.get('name')).lower()}"
                yield _describe(each, key, said | ({"model": model} if model else {}), minute)
        elif each.resource.type == ONLINE_DEPLOYMENTS:
            said = {"deployment": _pick(each.described, _ENDPOINT_DEPLOYMENT)}
            yield _describe(each, each.resource.key, said, minute)


def list_quotas(subscription_id: str, region: str, usages: Iterable[Json], minute: int) -> Iterator[Document]:
    """Yield a document for each quota of a subscription and region."""
    for usage in usages:
        name = str(_at(usage, "name").get("value")).lower()
        azure = {"subscription_id": subscription_id, "inventory": {"usage": _pick(usage, _USAGE)}}
        key = f"/subscriptions/{subscription_id}/locations/{region}/usages/{name}"
        yield _document(key, azure, place(subscription_id, region), minute)


def _describe(found: Found, key: str, said: Json, minute: int) -> Document:
    azure, cloud = describe(found.resource)
    return _document(key, {**azure, "inventory": said}, cloud, minute)


def _document(key: str, azure: Mapping[str, object], cloud: Mapping[str, object], minute: int) -> Document:
    source = {
        "@timestamp": f"{moment(minute):%Y-%m-%dT%H:%M:00.000Z}",
        "azure": azure,
        "cloud": cloud,
        "event": {"module": "azure"},
    }
    return Document(digest(f"{key}\0{minute}"), "", source)


def _pick(entry: Json, keys: Keys) -> dict[str, Any]:
    """Return the named keys that have a value."""
    picked: dict[str, Any] = {}
    for key, inner in keys.items():
        value = entry.get(key)
        if inner is not None and isinstance(value, Mapping):
            value = _pick(cast("Json", value), inner) or None
        if value is not None:
            picked[key] = value
    return picked


def _at(entry: Json, key: str) -> Json:
    value = entry.get(key)
    return cast("Json", value) if isinstance(value, Mapping) else {}


def _name(model: Json) -> tuple[str, ...]:
    return tuple(str(model.get(part)).lower() for part in ("format", "name", "version"))
