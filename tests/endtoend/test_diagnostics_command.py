"""``aoai-collector diagnostics``: all that a ticket needs, and no canary of those planted in secrets and payloads."""

import json
import stat
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import yaml
from plugins.bulk_server import SentItem
from plugins.daemon import HUB
from plugins.light_job import LightJob

CANARY = "can4ry"


def refuse_and_quote(item: SentItem) -> dict[str, Any] | None:
    """Refuse a record as a mapping conflict does: the reason quotes its value."""
    if "refused" not in json.dumps(item.document) or item.is_dead_letter:
        return None
    reason = f"failed to parse field [x]. Preview of field's value: '{CANARY}-quoted'"
    return {"status": 400, "error": {"type": "document_parsing_exception", "reason": reason}}


def read_archive(path: Path) -> dict[str, str]:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def test_the_archive_tells_what_a_ticket_needs_and_holds_no_canary(light_job: LightJob, tmp_path: Path) -> None:
    light_job.server.item_rule = refuse_and_quote
    key = light_job.hub.connection_string().partition("SharedAccessKey=")[2].partition(";")[0]
    policy = light_job.write_policy(
        output={"api_key": f"id:{CANARY}-key", "headers": {"X-Site": f"{CANARY}-header"}},
        content="full",
        content_hash_key=f"{CANARY}-hash-key-of-32-characters",
    )
    policy.chmod(0o600)
    bodies = [
        json.dumps({"records": [{"category": "RequestResponse", "prompt": f"{CANARY}-{word}"}]})
        for word in ("prompt", "refused")
    ]
    for body in (*bodies, f'{{"records": ["{CANARY}-broken"', f"{CANARY}-no-json"):
        light_job.hub.append(HUB, "0", body.encode())
    daemon = await light_job.start()
    await daemon.wait_to_settle(4)
    assert daemon.process.returncode is None
    path = tmp_path / "ticket.zip"
    code, output, errors = await light_job.command("diagnostics", "--out", str(path))
    assert (code, output.strip(), errors) == (0, str(path), "")
    files = read_archive(path)
    assert [name for name, text in files.items() if CANARY in text or key in text] == []
    assert yaml.safe_load(files["policy.yml"])["outputs"]["default"]["hosts"] == [light_job.url]
    status = json.loads(files["status.json"])
    assert status["outputs"][0]["counters"]["dead_lettered"] == 3
    assert status["process"]["pid"] == daemon.process.pid
    assert 'collector_dead_lettered_records_total{output="default"} 3.0' in files["metrics.txt"]
    assert "stream starts" in {json.loads(line)["message"] for line in files["log.ndjson"].splitlines()}
    assert "_run_stream" in files["tasks.txt"]
    assert "azure-eventhub" in json.loads(files["platform.json"])["packages"]
    assert "checkpoints.sqlite" in files["data-folder.txt"]
    assert await daemon.stop() == 0


async def test_without_a_collector_there_is_what_can_be_seen_without_it(light_job: LightJob, tmp_path: Path) -> None:
    path = tmp_path / "ticket.zip"
    code, output, errors = await light_job.command("diagnostics", "--out", str(path))
    assert (code, output.strip()) == (1, str(path))
    assert errors.startswith("error: no collector runs on")
    assert read_archive(path).keys() == {"README.txt", "failure.txt", "platform.json", "data-folder.txt"}
