"""Outputs: where records become safe.

Promise: every item that was added is settled exactly once, after Elasticsearch has answered for it or, if it refused
even the dead letter, after the local file has it on disk. An item is sent again without end while the answer leaves
room for hope.

Not here: where items come from. An output knows no event hub and no partition.
"""
