"""Delivery: from an event that was taken in to a checkpoint that may pass it.

Promise: every record of an event is handed to the output with an id that a replay makes again; an event is done when
all its records are settled; a partition's checkpoint is the end of its contiguous done prefix and never more; the
bytes under way are bounded.

Not here: reading (``collector.inputs``), what Elasticsearch answers (``collector.output``), where a checkpoint is kept
(``collector.state``).
"""
