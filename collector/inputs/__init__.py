"""Inputs: where records and metrics come from.

Promise: an input of logs yields *events*, each with a position and its records as the bytes that Azure sent, and takes
an acknowledgement back; that of metrics hands over documents, a minute at a time, and waits until each is settled.
Neither re-shapes what Azure said.

Not here: ids of records, retries and the time of a checkpoint (``collector.delivery``), anything Elasticsearch
(``collector.output``). Only ``collector.inputs.event_hub`` knows what an event hub is, only
``collector.inputs.azure_metrics`` what Azure Monitor is.
"""
