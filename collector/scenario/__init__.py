"""A day of made-up traffic of which every number is known, and its way into an engine.

Promises: the same seed, day and incidents give the same calls; the ledger holds for each call what a reader of Azure's
documentation would say of it (status, latency, tokens, model, price, caller, blocked or not) and was written before
any pipeline ran; the documents are those that the collector sends, in the shape that its own encoders give them. An
incident is one value that says when, where and how the conditions of a day change.

Does not promise traffic like that of anybody's real subscription: shapes are those of Azure's records, proportions are
invented. It installs nothing: the pipelines and templates must be there.
"""

from collector.scenario.calls import Call, KeyListing, Place
from collector.scenario.conditions import Conditions, Incident
from collector.scenario.day import draw_day
from collector.scenario.ledger import Ledger, MeteredMinute
from collector.scenario.writing import write_day

__all__ = [
    "Call",
    "Conditions",
    "Incident",
    "KeyListing",
    "Ledger",
    "MeteredMinute",
    "Place",
    "draw_day",
    "write_day",
]
