"""Input ``azure/metrics``: every minute of Azure Monitor's metrics, once.

Promise: a value that Azure has for a minute when the minute is final, or shows within the look-back after it, is in a
document, or the gap ledger lists the minute with its reason. One resource, dimension set and minute make one document
under an id that a repetition makes again. Azure's limits on calls are kept before Azure has to say so. Deployments and
quotas are sent each time that they were listed, and metrics never wait for that.

``ports`` names what the engine needs of others: a source, a store, a sink. ``planning``, ``limits``, ``series``,
``documents``, ``written``, ``gaps``, ``minutes`` and ``scopes`` are logic without a network of their own; ``asking``,
``progress`` and ``polling`` make one round with them. ``reader`` runs the rounds of a stream; beside them
``stocktaking`` makes documents of what there is (``inventory``). The other modules speak to Azure. docs/decisions/0011
has the reasons.

Not here: what metrics there are (``collector.azure_monitor``), mapping (``ingest-pipelines``), bulk requests
(``collector.output``), where the cursor is kept (``collector.state``).
"""
