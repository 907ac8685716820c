"""The agent: builds the parts that a policy asks for, runs them, and ends them in the right order.

Promise: at a stop nothing more is taken in, what is under way is drained until the deadline, checkpoints are written,
partitions are given back, and only then are connections closed. What could not be drained is read again after a
restart.
"""
