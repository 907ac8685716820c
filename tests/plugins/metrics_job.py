"""A job that reads metrics: the emulators of Entra ID and Azure Monitor by this machine's clock, for the daemon."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from elasticsearch import AsyncElasticsearch
from plugins.azure_monitor import CLIENT, SECRET
from plugins.daemon import Daemon, Documents, Job

from collector.emulators.azure_monitor import (
    DEFAULT_SUBSCRIPTION,
    Account,
    AzureMonitorEmulator,
    Deployment,
    Estate,
    Workspace,
)
from collector.emulators.entra import Application, EntraEmulator

if TYPE_CHECKING:
    from plugins.tls_server import Certificates

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
EAST = f"/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/rg-llm/providers/{ACCOUNTS}/aoai-east"
PATIENCE_SECONDS = 90.0
SENT = "sent.metrics"
"""A data set without a pipeline: its documents are as they were sent."""
_A_MINUTE_OR_TWO = 120.0

type Requests = dict[tuple[str, str], float]
"""Calls by deployment and status."""


@dataclass
class MetricsJob:
    """The job, and the Azure that it reads."""

    job: Job
    documents: Documents
    entra: EntraEmulator
    azure: AzureMonitorEmulator
    certificates: "Certificates"
    namespace: str
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def stream(self, **keys: Any) -> dict[str, Any]:
        """A stream that reads the emulators."""
        whole = {
            "id": "metrics",
            "data_stream": {"dataset": SENT},
            "subscription_id": DEFAULT_SUBSCRIPTION,
            "tenant_id": self.entra.tenant,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "authority_host": self.entra.authority,
            "resource_manager_endpoint": self.azure.resource_manager_endpoint,
            "metrics_endpoint": self.azure.metrics_endpoint_template,
            "ssl": {"certificate_authorities": [str(self.certificates.ca_path)]},
        }
        return whole | keys

    def write_policy(self, *, hub: bool = False, output: dict[str, Any] | None = None, **keys: Any) -> None:
        """Write a policy with this stream, beside that of the job's hub if asked for."""
        self.job.write_policy(output=output)
        policy = yaml.safe_load(self.job.policy.read_text(encoding="utf-8"))
        source = {
            "id": "azure-openai-metrics",
            "type": "azure/metrics",
            "data_stream": {"namespace": self.namespace},
            "streams": [self.stream(**keys)],
        }
        policy["inputs"] = [*(policy["inputs"] if hub else []), source]
        self.job.policy.write_text(yaml.safe_dump(policy), encoding="utf-8")
        self.job.policy.chmod(0o600)

    async def read(self, dataset: str = SENT) -> list[dict[str, Any]]:
        """The documents of a data set."""
        return await self.documents.sources(dataset, kind="metrics")

    async def wait_for_documents(self, count: int = 1, dataset: str = SENT) -> list[dict[str, Any]]:
        """Wait until a data set holds so many documents, and return them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.documents.count(dataset, kind="metrics") < count:  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.2)
        return await self.read(dataset)

    async def wait_for_the_first_round(self, daemon: Daemon) -> None:
        """Wait until every resource has been asked for every minute that is final."""
        await daemon.wait_to_say("resources to poll")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                page = await daemon.scrape()
                asked = page.value("collector_metrics_requests_total") > 0
                if asked and page.value("collector_metrics_lag_seconds") <= _A_MINUTE_OR_TWO:
                    return
                await asyncio.sleep(0.2)

    async def list_gaps(self) -> list[dict[str, Any]]:
        """What ``aoai-collector gaps --json`` prints, while the daemon runs."""
        arguments = ("gaps", "--policy", str(self.job.policy), "--data", str(self.job.data), "--json")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collector", *arguments), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return [json.loads(line) for line in out.splitlines()]

    def requests(
        self, found: list[dict[str, Any]], resource_id: str, minutes: int = 20
    ) -> tuple[dict[datetime, Requests], dict[datetime, Requests]]:
        """What documents tell of the minutes that were final when the job began, and what is true of them."""
        final = final_minutes(self.began, minutes)
        told = {minute: count_requests(found, resource_id, minute) for minute in final}
        return told, {minute: self._true_requests(resource_id, minute) for minute in final}

    def _true_requests(self, resource_id: str, minute: datetime) -> Requests:
        """What is true of a minute in the end."""
        names = ("ModelDeploymentName", "StatusCode")
        final = self.azure.ledger.final(resource_id, "AzureOpenAIRequests", minute, names)
        return {(deployment, status): sample.total for (deployment, status), sample in final.items()}


def count_requests(found: list[dict[str, Any]], resource_id: str, minute: datetime) -> Requests:
    """What documents tell of a minute, as sent or under our own names."""
    sums: Requests = {}
    for each in found:
        azure = each["azure"]
        sent, named = azure.get("metrics", {}).get("azure_openairequests"), azure.get("open_ai", {}).get("requests")
        total = (sent or named or {}).get("total")
        same = azure["resource"]["id"].lower() == resource_id.lower() and each["@timestamp"].startswith(
            f"{minute:%Y-%m-%dT%H:%M}"
        )
        if same and total is not None:
            names = azure["dimensions"]
            key = (names["model_deployment_name"], names["status_code"])
            sums[key] = sums.get(key, 0) + total
    return {key: total for key, total in sums.items() if total}


def final_minutes(began: datetime, count: int) -> list[datetime]:
    """Minutes that were final when the job began."""
    last = began.replace(second=0, microsecond=0) - timedelta(minutes=5)
    return [last - timedelta(minutes=number) for number in range(count)]


@pytest.fixture
async def metrics_job(
    job: Job, documents: Documents, certificates: "Certificates", engine_url: str, engine_namespace: str
) -> AsyncIterator[MetricsJob]:
    """The job with two accounts and an online endpoint, which its application may read."""
    estate = Estate(
        [
            Account("aoai-east", tags={"team": "chat"}, deployments=[Deployment("chat")]),
        ],
        workspaces=[Workspace("flows", endpoints={"flow": ("blue",)})],
    )
    async with (
        EntraEmulator([Application(CLIENT, SECRET)], ssl_context=certificates.serve()) as entra,
        AzureMonitorEmulator(estate, ssl_context=certificates.serve(), tokens=entra.look_up, seed=7) as azure,
        AsyncElasticsearch(engine_url, request_timeout=60) as client,
    ):
        azure.roles.grant(CLIENT, f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
        # Stands for the template `metrics`, which Elasticsearch ships and the embedded engine lacks.
        template = f"metrics-{engine_namespace}"
        pattern = [f"metrics-*-{engine_namespace}"]
        await client.indices.put_index_template(name=template, index_patterns=pattern, priority=1, data_stream={})
        yield MetricsJob(job, documents, entra, azure, certificates, engine_namespace)
        await job.end()
        await client.indices.delete_data_stream(name=pattern[0])
        await client.indices.delete_index_template(name=template)
