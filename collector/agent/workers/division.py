"""What of a policy is which worker's part.

Promise: hubs are every worker's, for partitions are shared out by their owners; metrics are polled by the first worker
alone; the pages for others are the supervisor's. Every limit of the policy holds for each worker.
"""

from typing import Final

from collector.policy import AzureMetricsInput, Policy

_FIRST: Final = 1


def divide(policy: Policy, worker: int) -> Policy:
    """Return the policy that a worker follows."""
    agent = policy.agent
    http = agent.monitoring.http.model_copy(update={"enabled": False})
    # By its name, for which output the documents go to must not depend on the inputs that are left.
    monitoring = agent.monitoring.model_copy(
        update={"http": http, "use_output": agent.monitoring.use_output or policy.monitoring_output}
    )
    part: dict[str, object] = {"agent": agent.model_copy(update={"monitoring": monitoring})}
    if worker != _FIRST:
        part["inputs"] = tuple(entry for entry in policy.inputs if not isinstance(entry, AzureMetricsInput))
        part["notes"] = ()  # the first worker says them
    return policy.model_copy(update=part)
