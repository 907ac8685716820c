"""The inventory of the input azure/metrics on the emulators: what is asked, what is sent, what a refusal costs."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from plugins.azure_monitor import Sky, open_sky
from plugins.azure_sdk import SDK_HABITS
from plugins.metrics_input import OpenClients
from plugins.tls_server import Certificates

from collector.assets.files import sources_root
from collector.emulators.azure_monitor import DEFAULT_SUBSCRIPTION, Account, Deployment, Estate, Fault, Model
from collector.inputs.azure_metrics.discovery import Discovery
from collector.inputs.azure_metrics.planning import Lot
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.source import AzureMonitor
from collector.inputs.azure_metrics.stocktaking import Stocktaking
from collector.inputs.azure_metrics.targets import Targets

pytestmark = [*SDK_HABITS]

SCOPE = f"/subscriptions/{DEFAULT_SUBSCRIPTION}"
EAST = "Microsoft.CognitiveServices/accounts/aoai-east"
INTERVAL = 600.0


@dataclass
class Sent:
    """Takes documents, each id once."""

    documents: dict[str, Document] = field(default_factory=dict)

    async def deliver(self, documents: Sequence[Document]) -> None:
        for each in documents:
            assert each.id not in self.documents
            self.documents[each.id] = each

    def said(self, part: str) -> list[Any]:
        """What documents say of one part of the inventory."""
        azures: list[Any] = [each.source["azure"] for each in self.documents.values()]
        return [azure["inventory"][part] for azure in azures if part in azure["inventory"]]


@dataclass
class Stock:
    """The inventory of one stream, taken when a test says so."""

    discovery: Discovery
    stocktaking: Stocktaking
    sent: Sent

    async def take(self) -> None:
        await self.stocktaking.take(await self.discovery.find())


def make_stock(sky: Sky, open_clients: OpenClients, **keys: object) -> Stock:
    stream, clients = open_clients(of=sky, **keys)
    sent: Any = Sent()
    taking = Stocktaking(clients, sent, stream="metrics", interval=INTERVAL, clock=lambda: sky.clock().timestamp())
    return Stock(Discovery(clients, stream), taking, sent)


async def test_every_deployment_and_every_quota_is_in_a_document(sky: Sky, open_clients: OpenClients) -> None:
    sky.grant(SCOPE)
    stock = make_stock(sky, open_clients)
    await stock.take()

    deployed = {each["name"]: each for each in stock.sent.said("deployment")}
    assert set(deployed) == {"chat", "reserved", "embed", "mini", "blue", "green"}
    assert len(stock.sent.said("deployment")) == 7  # two are named chat, in two accounts
    assert deployed["reserved"]["sku"] == {"name": "ProvisionedManaged", "capacity": 50}
    assert deployed["embed"]["properties"]["rateLimits"][1] == {"key": "token", "renewalPeriod": 60, "count": 120_000}
    assert deployed["blue"]["properties"] == {
        "instanceType": "Standard_DS3_v2",
        "model": "azureml://registries/azureml/models/Phi-4/versions/7",
        "provisioningState": "Succeeded",
    }
    used = {each["name"]["value"]: each["currentValue"] for each in stock.sent.said("usage")}
    assert used["OpenAI.Standard.text-embedding-3-large"] == 120
    regions = {each.source["cloud"]["region"] for each in stock.sent.documents.values()}  # type: ignore[index]
    assert regions == {"eastus", "westeurope"}


async def test_a_deployment_knows_when_its_model_is_retired(
    certificates: Certificates, open_clients: OpenClients
) -> None:
    model = Model("gpt-4o", "2024-11-20", "2027-10-01T00:00:00Z", retires_by_sku={"Standard": "2027-03-01T00:00:00Z"})
    deployments = [Deployment("global"), Deployment("regional", sku="Standard")]
    estate = Estate([Account("aoai", deployments=deployments)], models=[model])
    async with open_sky(certificates, estate) as sky:
        sky.grant(SCOPE)
        stock = make_stock(sky, open_clients)
        await stock.take()

    of_global, of_regional = stock.sent.said("model")
    assert of_global == {"deprecation": {"inference": "2027-10-01T00:00:00Z"}, "lifecycleStatus": "GenerallyAvailable"}
    assert of_regional["sku"] == {"deprecationDate": "2027-03-01T00:00:00Z"}


async def test_one_document_an_interval_however_often_it_is_listed(sky: Sky, open_clients: OpenClients) -> None:
    sky.grant(SCOPE)
    sky.clock.advance(seconds=INTERVAL - sky.clock().timestamp() % INTERVAL)
    stock = make_stock(sky, open_clients)
    await stock.take()
    once = len(stock.sent.documents)
    sky.clock.advance(seconds=INTERVAL - 1)
    await stock.take()
    assert len(stock.sent.documents) == once
    sky.clock.advance(seconds=1)
    await stock.take()
    assert len(stock.sent.documents) == 2 * once


async def test_what_azure_refuses_is_said_once_and_the_rest_is_sent(
    sky: Sky, open_clients: OpenClients, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    sky.grant(f"{SCOPE}/resourceGroups/rg-llm")
    stock = make_stock(sky, open_clients, resource_groups=("rg-llm",))
    await stock.take()
    await stock.take()

    assert len(stock.sent.said("deployment")) == 5
    assert stock.sent.said("usage") == stock.sent.said("model") == []
    refused = [vars(record)["url.path"] for record in caplog.records if record.msg.startswith("the inventory lacks")]
    assert len(refused) == len(set(refused)) == 4  # models and usages of two regions
    assert "Monitoring Reader" in vars(caplog.records[-1])["error.message"]


async def test_what_came_back_and_is_refused_again_is_said_again(
    sky: Sky, open_clients: OpenClients, caplog: pytest.LogCaptureFixture
) -> None:
    sky.grant(SCOPE)
    stock = make_stock(sky, open_clients, resource_ids=(f"{SCOPE}/resourceGroups/rg-llm/providers/{EAST}",))
    for _ in range(2):
        sky.azure.faults.add(Fault("listUsages", 503))
        await stock.take()
        await stock.take()
    lacks = [record for record in caplog.records if record.msg.startswith("the inventory lacks")]
    assert len(lacks) == 2


async def test_all_that_is_asked_of_resource_manager_is_in_the_table_of_rights(
    sky: Sky, open_clients: OpenClients
) -> None:
    sky.grant(SCOPE)
    stream, clients = open_clients()
    found = await Discovery(clients, stream).find()
    targets = await Targets(clients, "metrics").match(found)
    minute = int(sky.clock().timestamp()) // 60 - 20
    [first, *_] = Lot((targets[0].resource,), targets[0].groups[0], minute, minute + 1).calls()
    await AzureMonitor(clients, stream="metrics", batch=False).fetch(first)
    await make_stock(sky, open_clients).take()

    asked = {entry.right for entry in sky.azure.journal}
    page = (sources_root() / "docs" / "azure-permissions.md").read_text()
    table = page.partition("## What is asked of Azure Resource Manager")[2].partition("\n## ")[0]
    assert asked == set(re.findall(r"`(Microsoft\.[\w./]+/read)`", table))
    assert {entry.status for entry in sky.azure.journal} == {200}
