"""What the collector sends of deployments and quotas becomes: Azure's own examples, in the catalogue's fields."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.fields_of_documents import leaves

from collector.assets.catalogue import FieldType, fields_of
from collector.assets.templates import INVENTORY

type Document = dict[str, Any]
type Process = Callable[[str, list[Document]], list[Document]]

pytestmark = pytest.mark.engine

DEPLOYMENTS = INVENTORY.name
SUBSCRIPTION = "5f0c2a9e-7d31-4c1b-9a54-0d6e8b7f1c22"
ACCOUNT = "Microsoft.CognitiveServices/accounts"
ENDPOINT_DEPLOYMENT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"


def sent(resource_type: str | None = ACCOUNT, **inventory: object) -> Document:
    """A document as the collector writes it."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-Assist"
    resource = {
        "id": f"{group}/providers/{resource_type}/Aoai-Assist",
        "name": "Aoai-Assist",
        "group": "RG-Assist",
        "type": resource_type,
        "tags": {"team": "assist"},
    }
    dataset = DEPLOYMENTS.removeprefix("metrics-")
    return {
        "@timestamp": "2026-03-10T09:10:00.000Z",
        "azure": {"subscription_id": SUBSCRIPTION, "inventory": inventory}
        | ({"resource": resource} if resource_type else {}),
        "cloud": {"provider": "azure", "region": "swedencentral", "account": {"id": SUBSCRIPTION}},
        "data_stream": {"type": "metrics", "dataset": dataset, "namespace": "default"},
        "event": {"module": "azure", "dataset": dataset},
        "tags": ["assist"],
    }


def deployed(sku: Document, **properties: object) -> Document:
    model = {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}
    return {"name": "assist-chat", "sku": sku, "properties": {"model": model} | properties}


STANDARD = sent(
    account={"kind": "OpenAI", "sku": {"name": "S0"}},
    deployment=deployed(
        {"name": "GlobalStandard", "capacity": 50},
        provisioningState="Succeeded",
        versionUpgradeOption="OnceCurrentVersionExpired",
        rateLimits=[
            {"key": "request", "renewalPeriod": 10, "count": 50},
            {"key": "token", "renewalPeriod": 60, "count": 50000},
        ],
    ),
    model={
        "deprecation": {"inference": "2027-06-30T00:00:00Z"},
        "lifecycleStatus": "GenerallyAvailable",
        "sku": {"deprecationDate": "2027-03-31T09:00:00+09:00"},
    },
)
PROVISIONED = sent(
    account={"kind": "AIServices", "sku": {"name": "S0"}},
    deployment=deployed({"name": "DataZoneProvisionedManaged", "capacity": 100}, provisioningState="Creating"),
    model={"deprecation": {"inference": "2027-06-30T00:00:00Z"}, "lifecycleStatus": "Deprecating"},
)
ENDPOINT = sent(
    ENDPOINT_DEPLOYMENT,
    deployment={
        "name": "blue",
        "sku": {"name": "Default", "capacity": 3},
        "properties": {
            "instanceType": "Standard_DS3_v2",
            "model": "azureml://registries/azureml/models/Phi-4/versions/7",
            "provisioningState": "Succeeded",
        },
    },
)
QUOTA = sent(
    None,
    usage={
        "name": {"value": "OpenAI.Standard.gpt-4o", "localizedValue": "Tokens Per Minute (thousands) - gpt-4o"},
        "unit": "Count",
        "currentValue": 120.0,
        "limit": 450.5,
    },
)


def test_a_deployment_of_a_model(process_metrics: Process) -> None:
    (made,) = process_metrics(DEPLOYMENTS, [STANDARD])
    resource = made["azure"].pop("resource")
    assert made["azure"] == {
        "subscription_id": SUBSCRIPTION,
        "inventory": {"kind": "model_deployment"},
        "deployment": {
            "name": "assist-chat",
            "sku": {"name": "GlobalStandard", "capacity": 50},
            "model": {
                "format": "OpenAI",
                "name": "gpt-4o",
                "version": "2024-08-06",
                "lifecycle_status": "GenerallyAvailable",
                "retirement_date": "2027-03-31T00:00:00Z",
            },
            "provisioning_state": "Succeeded",
            "version_upgrade_option": "OnceCurrentVersionExpired",
            "tokens_per_minute": 50_000,
            "requests_per_minute": 300,
        },
    }
    assert resource["id"] == resource["id"].lower()
    assert (resource["kind"], resource["sku"], resource["tags"]) == ("OpenAI", {"name": "S0"}, {"team": "assist"})
    assert made["event"]["kind"] == "state"


def test_of_a_provisioned_deployment_the_capacity_is_in_throughput_units(process_metrics: Process) -> None:
    (made,) = process_metrics(DEPLOYMENTS, [PROVISIONED])
    deployment = made["azure"]["deployment"]
    assert deployment["provisioned_throughput_units"] == deployment["sku"]["capacity"] == 100
    assert "tokens_per_minute" not in deployment
    assert deployment["model"]["retirement_date"] == "2027-06-30T00:00:00Z"


def test_a_deployment_of_an_online_endpoint(process_metrics: Process) -> None:
    (made,) = process_metrics(DEPLOYMENTS, [ENDPOINT])
    assert made["azure"]["inventory"] == {"kind": "endpoint_deployment"}
    assert made["azure"]["deployment"] == {
        "name": "blue",
        "sku": {"name": "Default", "capacity": 3},
        "instance": {"type": "Standard_DS3_v2", "count": 3},
        "model": {"name": "Phi-4", "version": "7"},
        "provisioning_state": "Succeeded",
    }


@pytest.mark.parametrize(
    ("asset", "model"),
    [
        ("azureml:churn:12", {"name": "churn", "version": "12"}),
        ("/subscriptions/s/workspaces/w/models/churn/versions/12", {"name": "churn", "version": "12"}),
        ("azureml://registries/r/models/churn", {"name": "churn"}),
        ("churn", {"name": "churn"}),
    ],
)
def test_a_model_of_azure_ml_has_a_name_in_every_form_of_its_id(
    asset: str, model: Document, process_metrics: Process
) -> None:
    document = sent(ENDPOINT_DEPLOYMENT, deployment={"name": "blue", "properties": {"model": asset}})
    (made,) = process_metrics(DEPLOYMENTS, [document])
    assert made["azure"]["deployment"]["model"] == model


def test_a_quota(process_metrics: Process) -> None:
    (made,) = process_metrics(DEPLOYMENTS, [QUOTA])
    assert made["azure"] == {
        "subscription_id": SUBSCRIPTION,
        "inventory": {"kind": "quota"},
        "quota": {
            "name": "OpenAI.Standard.gpt-4o",
            "description": "Tokens Per Minute (thousands) - gpt-4o",
            "unit": "Count",
            "current": 120,
            "limit": 450.5,
        },
    }


def test_what_is_not_of_its_type_stays_as_azure_said_it(process_metrics: Process) -> None:
    odd = deployed({"name": "Standard", "capacity": "plenty"}, rateLimits=[{"key": "image", "count": 2}])
    (made,) = process_metrics(DEPLOYMENTS, [sent(deployment=odd, model={"deprecation": {"inference": "soon"}})])
    assert made["azure"]["inventory"]["raw"] == {
        "deployment": {"sku": {"capacity": "plenty"}, "properties": {"rateLimits": [{"key": "image", "count": 2}]}},
        "model": {"deprecation": {"inference": "soon"}},
    }
    assert made["azure"]["deployment"]["sku"] == {"name": "Standard"}


def test_a_document_that_went_through_before_stays_as_it_is(process_metrics: Process) -> None:
    once = process_metrics(DEPLOYMENTS, [STANDARD, PROVISIONED, ENDPOINT, QUOTA])
    again = process_metrics(DEPLOYMENTS, copy.deepcopy(once))
    for document in (*once, *again):
        document["event"].pop("ingested")
    assert again == once


def test_every_field_of_the_data_set_is_in_some_document_and_no_other(
    process_metrics: Process,
    misfits: Callable[[Document, str], list[Any]],
) -> None:
    odd = sent(deployment=deployed({"capacity": "plenty"}))
    made = process_metrics(DEPLOYMENTS, [STANDARD, PROVISIONED, ENDPOINT, QUOTA, odd])
    assert [misfit for document in made for misfit in misfits(document, DEPLOYMENTS)] == []
    seen = {field for document in made for field, _ in leaves(document)}
    missing = {
        field.name
        for field in fields_of(DEPLOYMENTS)
        if field.type is not FieldType.OBJECT and field.name != "error.message"
        if not any(other == field.name or other.startswith(f"{field.name}.") for other in seen)
    }
    assert missing == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "sku", "properties", "model", "key", "count", "value"]), inner)
    ),
    max_leaves=8,
)
PARTS = st.dictionaries(st.sampled_from(["account", "deployment", "model", "usage"]), JSON)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inventories=st.lists(PARTS, min_size=20, max_size=40))
def test_whatever_azure_says_becomes_a_document_that_the_data_stream_takes(
    elasticsearch_client: Elasticsearch, logs_pipeline: str, inventories: list[Document]
) -> None:
    index = f"{DEPLOYMENTS}-oddities"
    operations: list[Document] = []
    for inventory in inventories:
        document = sent(ENDPOINT_DEPLOYMENT, **inventory)
        document["data_stream"]["namespace"] = "oddities"
        operations += [{"create": {"_index": index}}, document]
    try:
        answer = elasticsearch_client.bulk(operations=operations, refresh=True)
        refused = [item["create"] for item in answer["items"] if item["create"]["status"] != 201]
        assert refused == [], json.dumps(refused[:3])
        hits = elasticsearch_client.search(index=index, size=50)["hits"]["hits"]
        assert {hit["_source"]["event"]["kind"] for hit in hits} == {"state"}
    finally:
        elasticsearch_client.indices.delete_data_stream(name=index)
