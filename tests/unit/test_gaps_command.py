"""``aoai-collector gaps``: what the ledger holds, as people and as programs read it."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from collector.agent.gaps_command import GapsRequest, GapsUnreadableError, show_gaps
from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState
from collector.inputs.azure_metrics.scopes import Scope, encode
from collector.policy import Policy, load_policy
from collector.state.sqlite_shards import SqliteShards

ACCOUNT = "/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/chat"
NINE = 1_773_133_200 // 60
"""2026-03-10T09:00Z in minutes since 1970."""
POLICY = """
outputs: {default: {type: elasticsearch, hosts: [localhost]}}
inputs:
  - type: azure/metrics
    streams:
      - id: metrics
        auth_type: managed_identity
        subscription_id: 33333333-3333-4333-8333-333333333333
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return load_policy(path, {})


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder with one gap that is open, one that was closed and one that is lost."""
    scope = Scope(ACCOUNT, "region", NINE + 60)
    scope.gaps.note(NINE, NINE + 5, GapReason.THROTTLED, 0.0, "HTTP 429")
    settled = [
        Gap(resource=ACCOUNT, group="region", start=NINE - 20, end=NINE - 10, reason=reason, state=state)
        for reason, state in ((GapReason.UNAVAILABLE, GapState.CLOSED), (GapReason.NOT_RUNNING, GapState.LOST))
    ]
    store = SqliteShards(tmp_path)
    await store.of_stream("metrics").save("shard", encode([scope]), [msgspec.json.encode(gap) for gap in settled])
    store.close()
    return tmp_path


@pytest.fixture
def show(policy: Policy, tmp_path: Path) -> Callable[..., object]:
    """Run the command and return what it prints."""

    async def run(*, stream: str | None = None, everything: bool = False, as_json: bool = False) -> str:
        out = io.StringIO()
        request = GapsRequest(tmp_path, stream, everything, as_json)
        await show_gaps(policy, request, Console(file=out, width=200))
        return out.getvalue()

    return run


async def test_what_is_open_or_lost_is_listed_with_its_reason(data: Path, show: Callable[..., object]) -> None:
    gaps = [json.loads(line) for line in (await show(as_json=True)).splitlines()]
    assert gaps == [
        {
            "stream": "metrics",
            "resource": ACCOUNT,
            "group": "region",
            "from": "2026-03-10T08:40Z",
            "to": "2026-03-10T08:50Z",
            "minutes": 10,
            "reason": "not_running",
            "state": "lost",
            "detail": "",
        },
        {
            "stream": "metrics",
            "resource": ACCOUNT,
            "group": "region",
            "from": "2026-03-10T09:00Z",
            "to": "2026-03-10T09:05Z",
            "minutes": 5,
            "reason": "throttled",
            "state": "open",
            "detail": "HTTP 429",
        },
    ]


async def test_closed_gaps_are_shown_when_asked_for(data: Path, show: Callable[..., object]) -> None:
    lines = (await show(as_json=True, everything=True)).splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["closed", "lost", "open"]


async def test_people_get_a_table_and_the_sum(data: Path, show: Callable[..., object]) -> None:
    text = await show()
    assert "throttled" in text
    assert "2026-03-10T09:00Z" in text
    assert "15 minutes in 2 gaps" in text


async def test_a_collector_that_never_ran_has_no_gap(show: Callable[..., object]) -> None:
    assert await show() == "metrics: no gap\n"


async def test_an_unknown_stream_is_named(show: Callable[..., object]) -> None:
    with pytest.raises(GapsUnreadableError, match="no stream of metrics called other"):
        await show(stream="other")
