"""Whether this host can do what a policy asks for: `aoai-collector check`.

Promises: every row of `MEANINGS` that the policy calls for is answered within `LIMIT_SECONDS`, with what was found and,
where something is wrong, what to do; a row that was not looked at says *not run* and why. All peers are asked at the
same time, so that a dead one delays no other. Nothing is written anywhere: no container is made, no partition is
claimed, no document is sent. No finding holds a credential.

Does not promise that what is right now stays so, or that records will come: only reading shows that.
"""

from collector.check.findings import MEANINGS, Finding, Outcome, Row
from collector.check.listing import explain_policy, list_probes
from collector.check.running import LIMIT_SECONDS, Probe, run_probes

__all__ = [
    "LIMIT_SECONDS",
    "MEANINGS",
    "Finding",
    "Outcome",
    "Probe",
    "Row",
    "explain_policy",
    "list_probes",
    "run_probes",
]
