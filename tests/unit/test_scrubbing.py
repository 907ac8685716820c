"""No secret of a policy leaves the machine in an archive for a ticket, however it is written."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from collector.agent.diagnostics import gather_diagnostics
from collector.agent.scrubbing import Scrubber, find_secrets
from collector.policy import Policy, load_policy

EVERY_KEY = Path(__file__).parents[1] / "policy" / "good" / "every-key.yml"
CANARIES = [f'c4nary{number}&/+ "q"-of-sixteen' for number in range(8)]
ENVIRON = {
    "ES_PASSWORD": CANARIES[0],
    "TENANT": CANARIES[1].replace('"', ""),
    "HUB": "Endpoint=sb://example.org/;SharedAccessKeyName=listen;SharedAccessKey=c4nary/hub+key=",
    "STORAGE": "AccountName=openaicheckpoints;AccountKey=c4narystoragekey",
    "CLIENT_SECRET": CANARIES[2],
    "PROXY_PASSWORD": "c4nary-of-the-proxy",
    "SITE": CANARIES[3].replace('"', ""),
    "SERVICE_TOKEN": "c4narytoken",
    "CONTENT_HASH_KEY": CANARIES[4],
}
PARTS = ["c4nary/hub+key=", "c4narystoragekey"]


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    path = tmp_path / "policy.yml"
    path.write_bytes(EVERY_KEY.read_bytes())
    path.chmod(0o600)
    return load_policy(path, ENVIRON)


def forms(text: str) -> list[str]:
    in_base64 = [base64.b64encode(f"{before}{text}!".encode()).decode() for before in ("", "a:", "ab:", "abc:")]
    return [text, quote(text, safe=""), json.dumps({"a": text}), *in_base64]


def test_every_secret_of_the_policy_is_found(policy: Policy) -> None:
    found = " ".join(secret.reveal() for secret in find_secrets(policy))
    assert [value for value in ENVIRON.values() if value not in found] == []


def test_no_secret_stays_in_a_text_in_whatever_form(policy: Policy) -> None:
    planted = [form for text in (*ENVIRON.values(), *PARTS) for form in forms(text)]
    scrubbed = Scrubber(policy).scrub("\n".join(f"before {each} behind" for each in planted))
    lines = scrubbed.splitlines()
    assert len(lines) == len(planted)
    assert [line for line in lines if "c4nary" in line or "YzRuYXJ5" in line] == []
    assert all(line.startswith("before ") and line.endswith(" behind") for line in lines)


async def test_no_file_of_the_archive_holds_a_secret_even_if_everything_else_had_leaked(
    policy: Policy, tmp_path: Path
) -> None:
    texts = [*ENVIRON.values(), *PARTS]
    leaked = [form for text in texts for form in forms(text)]
    report = {"components": [{"troubles": [{"what": "x", "reason": text} for text in texts]}]}
    files = gather_diagnostics(policy, report, "\n".join(leaked), leaked, tmp_path)
    assert set(files) >= {"policy.yml", "status.json", "log.ndjson", "tasks.txt", "threads.txt", "platform.json"}
    assert [name for name, text in files.items() if "c4nary" in text or "YzRuYXJ5" in text] == []
    assert "https://one.example.org:9200" in files["policy.yml"]
    assert "test_no_file_of_the_archive" in files["tasks.txt"]
    assert "gather_diagnostics" in files["threads.txt"]
