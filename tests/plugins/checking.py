"""Policies to be looked at, and what was found.

report = await look_at(tmp_path, stream_of(hub, "hub"), hosts=[cluster.url])
assert report.one(Row.EVENT_HUB).outcome is Outcome.OK
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collector.assets.setup.wishes import Login
from collector.check import Finding, Outcome, Row, list_probes, run_probes
from collector.policy import Policy, load_policy

NOBODY = "http://127.0.0.1:9"
"""The port of the discard service: nobody listens there."""


@dataclass(frozen=True)
class CheckReport:
    """Findings, and ways to ask for them."""

    findings: list[Finding]

    def of(self, row: Row) -> list[Finding]:
        return [each for each in self.findings if each.row is row]

    def one(self, row: Row, target: str | None = None) -> Finding:
        found = [each for each in self.of(row) if target in {None, each.target}]
        assert len(found) == 1, found
        return found[0]

    @property
    def failed(self) -> set[Row]:
        return {each.row for each in self.findings if each.outcome is Outcome.FAILED}


def write_policy(folder: Path, *streams: Mapping[str, Any], **output: Any) -> Path:
    """Write a policy with one input for each kind of stream; a stream with subscription_id reads metrics."""
    metrics = [each for each in streams if "subscription_id" in each]
    hubs = [each for each in streams if "subscription_id" not in each]
    inputs = [{"type": "azure-eventhub", "id": "logs", "streams": hubs}] if hubs else []
    inputs += [{"type": "azure/metrics", "id": "metrics", "streams": metrics}] if metrics else []
    outputs = {"default": {"type": "elasticsearch", "hosts": [NOBODY]} | output}
    path = folder / "policy.yml"
    path.write_text(yaml.safe_dump({"outputs": outputs, "inputs": inputs}), encoding="utf-8")
    path.chmod(0o600)
    return path


def make_policy(folder: Path, *streams: Mapping[str, Any], **output: Any) -> Policy:
    """Load what `write_policy` wrote."""
    return load_policy(write_policy(folder, *streams, **output), {})


async def look_at(
    folder: Path, *streams: Mapping[str, Any], kibana: Login | None = None, space: str = "default", **output: Any
) -> CheckReport:
    """Look at everything that a policy with these streams names."""
    policy = make_policy(folder, *streams, **output)
    return CheckReport(await run_probes(list_probes(policy, folder / "data", kibana, space)))
