"""The emulators of Entra ID and Azure Monitor as programs: what they print is all that a client needs."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.identity.aio import ClientSecretCredential
from azure.monitor.querymetrics.aio import MetricsClient

LIMIT_S = 60
NO_JOB = ("env", "--default-signal=INT")


@asynccontextmanager
async def emulate(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """Run a command; yield the process and what it prints, read as YAML."""
    command = [sys.executable, "-m", "collector", "emulate", *arguments, "--port", "0"]
    # A job in the background ignores Ctrl-C, and so would what it starts.
    process = await asyncio.create_subprocess_exec(*NO_JOB, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        lines: list[str] = []
        async with asyncio.timeout(LIMIT_S):
            while not lines or not lines[-1].startswith("  - "):
                line = await process.stdout.readline()
                assert line, "it ended before it had printed all"
                lines.append(line.decode())
        yield process, yaml.safe_load("".join(lines))
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(LIMIT_S):
            await process.wait()


def log_in(keys: dict[str, Any]) -> ClientSecretCredential:
    return ClientSecretCredential(
        keys["tenant_id"],
        keys["client_id"],
        keys["client_secret"],
        authority=keys["authority_host"],
        connection_verify=keys["ssl"]["certificate_authorities"][0],
    )


def is_there(file: str) -> bool:
    """Tell whether the folder of a file exists."""
    return Path(file).parent.exists()


async def test_emulate_entra_lets_its_application_log_in() -> None:
    async with emulate("entra", "--client-secret", "canary") as (_, keys):
        assert keys["client_secret"] == "canary"
        async with log_in(keys) as credential:
            assert (await credential.get_token("https://management.azure.com/.default")).token


async def test_emulate_azure_monitor_serves_metrics_to_the_sdk() -> None:
    async with emulate("azure-monitor", "--accounts", "1", "--seed", "3") as (_, keys):
        account = (
            f"/subscriptions/{keys['subscription_id']}/resourceGroups/rg-llm"
            "/providers/Microsoft.CognitiveServices/accounts/aoai-1"
        )
        async with (
            log_in(keys) as credential,
            MetricsClient(
                keys["metrics_endpoint"].format(region="eastus"),
                credential,
                connection_verify=keys["ssl"]["certificate_authorities"][0],
            ) as client,
        ):
            (result,) = await client.query_resources(
                resource_ids=[account],
                metric_namespace="Microsoft.CognitiveServices/accounts",
                metric_names=["AzureOpenAIRequests"],
                timespan=timedelta(hours=1),
                aggregations=["Total"],
            )
        assert sum(point.total or 0 for point in result.metrics[0].timeseries[0].data) > 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_signal_ends_an_emulator_and_its_files_are_gone(number: signal.Signals, code: int) -> None:
    async with emulate("azure-monitor") as (process, keys):
        authority = keys["ssl"]["certificate_authorities"][0]
        assert is_there(authority)
        process.send_signal(number)
        async with asyncio.timeout(LIMIT_S):
            assert await process.wait() == code
    assert not is_there(authority)
