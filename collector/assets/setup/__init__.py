"""Brings a cluster to what this version ships, and back: assets, a plan that only reads, and its application.

Promises: a plan is made by reading alone, so showing it changes nothing; applying it twice changes nothing the second
time; a run that was interrupted can be run again; nothing is taken back silently. Every asset ends with one outcome.
What cannot be done is a `RefusalError` with the place and the fix, and without any credential. Removal takes what
carries our mark and nothing else; what is named ``@custom`` belongs to the user and is neither written nor removed.

Does not promise one instant for all: between two assets the cluster holds one new and one old. Two runs at once on
one cluster are not kept apart.
"""
