"""Scrapes a daemon's /metrics while it works, and holds each page against the accounting identity.

received = indexed + already_there + dropped + dead_lettered + in_flight
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

_SECONDS_BETWEEN_SCRAPES = 0.2
_PATIENCE = aiohttp.ClientTimeout(total=30)

GONE = (aiohttp.ClientError, OSError)
"""What asking a daemon raises that has ended, or is about to."""

type Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


class Scrape:
    """One page of /metrics, parsed by Prometheus' own reader."""

    def __init__(self, page: str) -> None:
        self.samples: Samples = defaultdict(dict)
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                self.samples[sample.name][tuple(sorted(sample.labels.items()))] = sample.value

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels among theirs; 0 when there is none."""
        return sum(value for given, value in self.samples[name].items() if labels.items() <= dict(given).items())

    def violations(self) -> list[str]:
        """One sentence for each output of which the identity does not hold."""
        outputs = {dict(labels)["output"] for labels in self.samples["collector_received_records_total"]}
        # A supervisor's page has the numbers of those of its workers that answer.
        assert outputs or self.samples["collector_worker_up"], "the page names no output"
        return [found for output in sorted(outputs) if (found := self._violation(output))]

    def _violation(self, output: str) -> str | None:
        received = self.value("collector_received_records_total", output=output)
        fates: Mapping[str, float] = {
            fate: self.value(f"collector_{fate}_records_total", output=output)
            for fate in ("indexed", "already_there", "dropped", "dead_lettered")
        }
        in_flight = self.value("collector_in_flight_records", output=output)
        balanced = received == sum(fates.values()) + in_flight and in_flight >= 0
        by_reason = self.value("collector_dead_letter_reason_records_total", output=output)
        if balanced and by_reason == fates["dead_lettered"]:
            return None
        return (
            f"{output}: received {received}, {dict(fates)}, in flight {in_flight}, dead letters by reason {by_reason}"
        )


async def read_page(url: str, path: str, **headers: str) -> tuple[int, str]:
    """Get a page; return its status and text."""
    async with aiohttp.ClientSession(timeout=_PATIENCE) as session, session.get(url + path, headers=headers) as answer:
        return answer.status, await answer.text()


class Watch:
    """Scrapes one daemon again and again until it is gone, and keeps what was wrong."""

    def __init__(self) -> None:
        self.url: str | None = None
        """Where the daemon listens, once it said so."""
        self.scrapes = 0
        self.violations: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def start(self, url: str) -> None:
        """Begin; the daemon listens here."""
        self.url = url
        self._task = asyncio.create_task(self._run())

    async def scrape(self) -> Scrape:
        """Read the page now, and note what is wrong with it."""
        assert self.url is not None, "the daemon does not listen"
        status, text = await read_page(self.url, "/metrics")
        assert status == 200, text
        found = Scrape(text)
        self.scrapes += 1
        self.violations += found.violations()
        return found

    async def _run(self) -> None:
        try:
            while True:
                await self.scrape()
                await asyncio.sleep(_SECONDS_BETWEEN_SCRAPES)
        except GONE:
            return

    async def end(self) -> None:
        """Stop scraping: the daemon is gone."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled() and (failure := self._task.exception()) is not None:
            self.violations.append(f"{type(failure).__name__}: {failure}")
