"""Several processes that share the partitions of the hubs: ``agent.workers`` of the policy, above 1.

A supervisor starts the workers, which are this program once more, and does no work of its own. Promises: a worker that
ends by itself is begun anew, with growing pauses and an ERROR each time; one that is silent is ended; a policy is
followed by all workers or by none; no worker outlives the supervisor. Each worker keeps every promise of a collector
that runs alone, and shares partitions with the others as collectors on other machines do (docs/decisions/0015).
"""
