"""D3 of the guarantees: the same records read again have the same ids, so a full replay adds no document."""

from pathlib import Path

import pytest
from plugins.daemon import Documents, Job
from plugins.feeding import feed, lost_and_extra

_PER_EVENT = 25
_CHECKPOINTS = "checkpoints.sqlite*"


def forget_checkpoints(data: Path) -> None:
    files = list(data.glob(_CHECKPOINTS))
    assert files
    for file in files:
        file.unlink()


@pytest.mark.timeout(3600)
async def test_without_its_checkpoints_everything_is_read_again_and_nothing_is_new(
    job: Job, documents: Documents, full_size: bool
) -> None:
    records = 1_000_000 if full_size else 20_000
    fed: set[str] = set()
    while len(fed) < records:  # in portions, so that the first run can be waited for with patience
        fed |= feed(job.hub, min(records - len(fed), 50_000) // _PER_EVENT, _PER_EVENT)
        daemon = await job.start()
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    forget_checkpoints(job.data)
    daemon = await job.start()
    await daemon.wait_to_settle(len(fed), patience=600)
    news = feed(job.hub, 4, _PER_EVENT)
    await documents.wait_for("aoai.logs", len(fed) + len(news))
    assert await daemon.stop() == 0

    counts = daemon.last_counts
    assert (counts["received"], counts["already_there"], counts["indexed"]) == (len(fed) + 100, len(fed), 100)
    assert (counts["dead_lettered"], counts["retried_items"], counts["failed_requests"]) == (0, 0, 0)
    assert [line for line in daemon.lines if line["log.level"] not in {"info", "debug"}] == []
    assert await lost_and_extra(documents, fed | news) == (0, 0)
