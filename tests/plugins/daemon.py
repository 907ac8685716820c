"""The real daemon as a process, the hub it reads, and the documents that it leaves in the engine."""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import AsyncElasticsearch
from plugins.scraping import GONE, Scrape, Watch

from collector.assets.installation import install
from collector.emulators.event_hubs import EventHubsEmulator, Hub

HUB = "hub"
PARTITIONS = 4
_PATIENCE_SECONDS = 60.0
_LARGEST_RESULT = 10_000


class Daemon:
    """A running ``aoai-collector run``; its log is read as it comes, its /metrics are scraped as long as it runs."""

    def __init__(self, process: asyncio.subprocess.Process, workers: int = 1) -> None:
        self.process = process
        self._workers = workers
        self.lines: list[dict[str, Any]] = []
        self.text = ""
        self.watch = Watch()
        self.was_asked_to_stop = False
        self.has_ended = False
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.text += line.decode()
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))
                if self.lines[-1]["message"] == "monitoring listens":
                    self.watch.start(self.lines[-1]["url"]["full"])
            self._news.set()
        self.has_ended = True
        self._news.set()

    def said(self, message: str) -> list[dict[str, Any]]:
        """The log lines with this message."""
        return [line for line in self.lines if line["message"] == message]

    async def wait_to_say(self, message: str, detail: str = "") -> dict[str, Any]:
        """Wait for a log line with this message, and this text in any of its fields, and return it."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not (found := [line for line in self.said(message) if detail in str(line)]):
                assert not self.has_ended, f"it ended and never said: {message}"
                self._news.clear()
                await self._news.wait()
        return found[-1]

    async def wait_for_news(self) -> None:
        """Wait for another line of the log."""
        self._news.clear()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._news.wait()

    @property
    def readings(self) -> list[tuple[int | None, str]]:
        """What it reads by its own account: the partitions, each with the worker."""
        readers: dict[str, int | None] = {}
        for line in self.lines:
            if line["message"] in {"partition claimed", "partition left"}:
                partition, worker = line["azure"]["partition_id"], line.get("worker")
                if line["message"] == "partition claimed":
                    readers[partition] = worker  # from another one, which does not say so when it was killed
                elif (partition, worker) in readers.items():
                    del readers[partition]
        return [(worker, partition) for partition, worker in readers.items()]

    async def wait_to_share(self, partitions: int = PARTITIONS) -> None:
        """Wait until it reads that many partitions, each of its workers as many as the others."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (
                sorted(Counter(worker for worker, _ in self.readings).values())
                != [partitions // self._workers] * self._workers
            ):
                self._news.clear()
                await self._news.wait()

    async def scrape(self) -> Scrape:
        """Read /metrics now; the end of the test checks the accounting identity, for this page and all others."""
        await self.wait_to_say("monitoring listens")
        return await self.watch.scrape()

    async def wait_to_settle(self, count: int, *, patience: float = _PATIENCE_SECONDS) -> None:
        """Wait until it has taken in so many records, and Elasticsearch has answered for each."""
        async with asyncio.timeout(patience):
            while True:
                page = await self.scrape()
                received = page.value("collector_received_records_total")
                if received >= count and page.value("collector_in_flight_records") == 0:
                    return
                await asyncio.sleep(0.1)

    async def stop(self) -> int:
        """End it as a service manager does, once it listens for that, and return its exit code."""
        if not self.has_ended:
            await self.wait_to_say("collector starts")
        if self.watch.url is not None and self.process.returncode is None:
            self.was_asked_to_stop = True
            with suppress(*GONE):
                await self.scrape()
        self.process.send_signal(signal.SIGTERM)
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait until it has ended and its log is read."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            code = await self.process.wait()
            await self._reading
            await self.watch.end()
            return code

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.exit_code()

    @property
    def last_counts(self) -> dict[str, Any]:
        """The counters as it logged them last, of all workers together."""
        last = {line.get("worker"): line for line in self.said("records so far")}.values()
        counts = {name for line in last for name, value in line.items() if isinstance(value, int)} - {"worker"}
        return {name: sum(line[name] for line in last) for name in counts}

    @property
    def processes(self) -> dict[int | None, int]:
        """The ids of its processes: its own, and that of each worker as it began last, by its number."""
        return {None: self.process.pid} | {line["worker"]: line["pid"] for line in self.said("worker begins")}


class Documents:
    """What a test's namespace holds in the engine."""

    def __init__(self, client: AsyncElasticsearch, namespace: str) -> None:
        self.namespace = namespace
        self._client = client
        self._namespace = namespace
        self._templates: list[str] = []

    async def count(self, dataset: str, *, kind: str = "logs") -> int:
        """How many documents the dataset's data stream holds; none if it is not there yet."""
        stream = f"{kind}-{dataset}-{self._namespace}"
        await self._client.indices.refresh(index=stream, ignore_unavailable=True, allow_no_indices=True)
        # A data stream that is being made answers 503 until its first shard is up.
        client = self._client.options(ignore_status=503, max_retries=0)
        answer = await client.count(index=stream, ignore_unavailable=True, allow_no_indices=True)
        return int(answer.get("count", 0))

    async def sources(self, dataset: str, *, kind: str = "logs") -> list[dict[str, Any]]:
        """Every document of a small data stream."""
        stream = f"{kind}-{dataset}-{self._namespace}"
        await self._client.indices.refresh(index=stream, ignore_unavailable=True, allow_no_indices=True)
        answer = await self._client.search(index=stream, size=_LARGEST_RESULT, ignore_unavailable=True)
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    async def values(self, dataset: str, field: str) -> list[str]:
        """The values of a keyword field, one for each document; the data stream may hold any number."""
        stream = f"logs-{dataset}-{self._namespace}"
        await self._client.indices.refresh(index=stream, ignore_unavailable=True, allow_no_indices=True)
        found: list[str] = []
        after: list[Any] | None = None
        while True:
            page = await self._client.search(
                index=stream,
                size=_LARGEST_RESULT,
                sort=[{field: "asc"}, {"azure.partition_id": "asc"}, {"azure.sequence_number": "asc"}],
                source=[field],
                search_after=after,
            )
            hits = page["hits"]["hits"]
            if not hits:
                return found
            found += [str(hit["sort"][0]) for hit in hits]
            after = hits[-1]["sort"]

    async def refuse_everything(self, dataset: str, *, kind: str = "logs") -> None:
        """Make the engine answer 400 to every document of the dataset in this namespace, as a mapping conflict does."""
        stream = f"{kind}-{dataset}-{self._namespace}"
        mappings = {"dynamic": "strict", "properties": {"@timestamp": {"type": "date"}}}
        await self._client.indices.put_index_template(
            name=stream, index_patterns=[stream], priority=900, data_stream={}, template={"mappings": mappings}
        )
        self._templates.append(stream)

    async def accept_again(self, dataset: str, *, kind: str = "logs") -> None:
        """Undo ``refuse_everything`` as an operator does: our template wins again, and the next write index has it."""
        stream = f"{kind}-{dataset}-{self._namespace}"
        await self._client.indices.put_index_template(
            name=stream, index_patterns=[stream], priority=0, data_stream={}, template={}
        )
        await self.roll_over(dataset, kind=kind)

    async def roll_over(self, dataset: str, *, kind: str = "logs") -> None:
        """Give a data stream a new write index."""
        await self._client.indices.rollover(alias=f"{kind}-{dataset}-{self._namespace}")

    async def add(self, dataset: str, document_id: str, source: dict[str, Any]) -> None:
        """Write a document of the test's own."""
        await self._client.create(index=f"logs-{dataset}-{self._namespace}", id=document_id, document=source)

    async def ids(self, dataset: str, *, kind: str = "logs") -> list[str]:
        """The id of every document of a small data stream."""
        stream = f"{kind}-{dataset}-{self._namespace}"
        await self._client.indices.refresh(index=stream, ignore_unavailable=True, allow_no_indices=True)
        answer = await self._client.search(index=stream, size=_LARGEST_RESULT, ignore_unavailable=True, source=False)
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    async def forget(self) -> None:
        """Remove the templates that ``refuse_everything`` made."""
        for template in self._templates:
            await self._client.options(ignore_status=404).indices.delete_data_stream(name=template)
            await self._client.indices.delete_index_template(name=template)

    async def wait_for(self, dataset: str, count: int) -> None:
        """Wait until the data stream holds that many documents; fail when none comes for a minute."""
        held = -1
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS) as patience:
                while (now := await self.count(dataset)) < count:
                    if now > held:
                        patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE_SECONDS)
                    held = now
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"logs-{dataset}-{self._namespace} holds {held} documents, not {count}")


class Job:
    """A hub, a data folder and a namespace of the test's own, and the daemons that work on them."""

    def __init__(self, hub: EventHubsEmulator, namespace: str, folder: Path, url: str, workers: int = 1) -> None:
        self.hub = hub
        self.workers = workers
        self.url = url
        self.data = folder / "data"
        self.policy = folder / "policy.yml"
        self._namespace = namespace
        self._started: list[Daemon] = []

    def write_policy(self, *, output: dict[str, Any] | None = None, **stream: Any) -> Path:
        """Write a policy that reads the hub; extra keys go to the output and to the stream."""
        whole_stream = {
            "id": "logs",
            "data_stream": {"type": "logs", "dataset": "aoai.logs"},
            "eventhub": HUB,
            "consumer_group": "$Default",
            "connection_string": self.hub.connection_string(),
            "processor_start_position": "earliest",
        } | stream
        source = {
            "id": "azure-openai-logs",
            "type": "azure-eventhub",
            "use_output": "default",
            "data_stream": {"namespace": self._namespace},
            "streams": [whole_stream],
        }
        target = {"type": "elasticsearch", "hosts": [self.url]} | (output or {})
        policy = {"outputs": {"default": target}, "agent": self._agent(), "inputs": [source]}
        self.policy.write_text(yaml.safe_dump(policy), encoding="utf-8")
        return self.policy

    def _agent(self) -> dict[str, Any]:
        """Several daemons run on one machine, so each takes a free port."""
        return {"workers": self.workers, "monitoring": {"http": {"port": 0}, "namespace": self._namespace}}

    async def start(self, *, data: Path | None = None, launcher: tuple[str, ...] = ("-m", "collector")) -> Daemon:
        """Start ``aoai-collector run`` on the policy that was written last; ``launcher`` is what Python runs."""
        if not self.policy.exists():
            self.write_policy()
        arguments = ("run", "--policy", str(self.policy), "--data", str(data or self.data))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *launcher, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )
        self._started.append(Daemon(process, self.workers))
        return self._started[-1]

    async def end(self) -> None:
        """Kill what still runs, leave each log where a failing test shows it, and ask for the accounts of all."""
        for daemon in self._started:
            await daemon.kill()
            sys.stdout.write(daemon.text)
        assert [violation for daemon in self._started for violation in daemon.watch.violations] == []
        assert all(daemon.watch.scrapes for daemon in self._started if daemon.was_asked_to_stop)


@pytest.fixture
async def hub() -> AsyncIterator[EventHubsEmulator]:
    """An emulator with one empty hub."""
    async with EventHubsEmulator([Hub(HUB, PARTITIONS)]) as emulator:
        yield emulator


@pytest.fixture
async def job(
    hub: EventHubsEmulator, engine_namespace: str, engine_url: str, tmp_path: Path, workers: int
) -> AsyncIterator[Job]:
    """A job on the test session's engine, with our assets installed."""
    async with AsyncElasticsearch(engine_url, request_timeout=60) as client:
        await install(client)
    running = Job(hub, engine_namespace, tmp_path, engine_url, workers)
    yield running
    await running.end()


@pytest.fixture
async def documents(engine_url: str, engine_namespace: str) -> AsyncIterator[Documents]:
    """What the job wrote to the engine."""
    async with AsyncElasticsearch(engine_url, request_timeout=60) as client:
        held = Documents(client, engine_namespace)
        yield held
        await held.forget()
