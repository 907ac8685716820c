"""Replay: what was read before and is to be sent again, under the same ids.

Promise: a dead letter is read from its data stream or from the local file as it was kept; nothing is changed where it
lies. The record that it holds gets the id that it had.

Not here: sending (``collector.output``), which letters a policy's streams answer for (``collector.agent``).
"""
