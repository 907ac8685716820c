"""Inputs: where records come from.

Promise: an input yields *events*, each with a position and its records as the bytes that Azure sent, and takes an
acknowledgement back. It never re-shapes a record.

Not here: ids, retries and the time of a checkpoint (``collector.delivery``), anything Elasticsearch
(``collector.output``). Only ``collector.inputs.event_hub`` knows what an event hub is.
"""
