"""Telemetry: what the collector says of itself, as counters and as log lines.

Promise: the identity ``received = indexed + already_there + dropped + dead_lettered + in_flight`` holds between any two
steps of the event loop. Log messages are constant sentences with their values as fields; there is no line per record,
and never a payload.
"""
