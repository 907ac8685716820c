"""D10 of the guarantees: poison of every kind costs its dead letter, with reason and position, and stops nobody.

What each body must become is in ``plugins/poison.py``. How soon the partition goes on is measured by
``benchmarks.poison``.
"""

import json
from collections import Counter

from plugins.daemon import HUB, Documents, Job
from plugins.feeding import make_record
from plugins.poison import ALIVE, DEAD, EMPTY


def append_poison_and_neighbours(job: Job) -> tuple[dict[int, str], dict[int, str]]:
    """Put each poison into one partition, a sound record after each; return the kinds by sequence number."""
    dead: dict[int, str] = {}
    others: dict[int, str] = {}
    number = 0
    kinds = {kind: body for kind, (body, _) in DEAD.items()} | ALIVE | EMPTY
    for kind, body in kinds.items():
        job.hub.append(HUB, "0", body)
        (dead if kind in DEAD else others)[number] = kind
        job.hub.append(HUB, "0", json.dumps({"records": [make_record(f"after {kind}")]}).encode())
        number += 2
    return dead, others


async def test_poison_of_every_kind_costs_its_dead_letter_and_the_partition_goes_on(
    job: Job, documents: Documents
) -> None:
    assert len(DEAD) + len(ALIVE) + len(EMPTY) > 50
    dead, others = append_poison_and_neighbours(job)
    neighbours = len(dead) + len(others)
    daemon = await job.start()
    await documents.wait_for("aoai.deadletter", len(DEAD))
    await documents.wait_for("aoai.logs", len(ALIVE) + neighbours)
    assert await daemon.stop() == 0

    letters = await documents.sources("aoai.deadletter")
    assert {letter["azure"]["partition_id"] for letter in letters} == {"0"}
    found = {dead.get(letter["azure"]["sequence_number"]): letter["event"]["reason"] for letter in letters}
    assert found == {kind: reason for kind, (_, reason) in DEAD.items()}
    positions = Counter(document["azure"]["sequence_number"] for document in await documents.sources("aoai.logs"))
    assert positions == Counter(
        [*(number for number, kind in others.items() if kind in ALIVE), *range(1, 2 * neighbours, 2)]
    )
    counts = daemon.last_counts
    assert (counts["events"], counts["empty_events"]) == (2 * neighbours, len(EMPTY))
    assert (counts["dead_lettered"], counts["dead_letters_on_disk"]) == (len(DEAD), 0)
