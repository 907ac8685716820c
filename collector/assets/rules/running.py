"""Runs a rule: at one moment as Kibana does, or at many moments with few searches."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Final, Protocol

from elasticsearch import Elasticsearch

from collector.assets.panels.model import Query
from collector.assets.rules import counting, threshold
from collector.assets.rules.model import Found, Rule, UnknownRuleError

_ABSENT_IS_EMPTY: Final[Mapping[str, Any]] = {"ignore_unavailable": True, "allow_no_indices": True}
_WINDOWS_A_SEARCH: Final = 240
_RUNS_A_SEARCH: Final = 48
_NOTHING: Final = timedelta(0)


def run_rule(client: Elasticsearch, rule: Rule, at: datetime, *, filters: Sequence[Query] = ()) -> Found:
    """Return what a run at a moment finds; ``filters`` are what else narrows it, such as a namespace.

    Raises:
        UnknownRuleError: the rule uses what this runner does not know.
        elasticsearch.ApiError: the engine refuses the search.
    """
    kind = _kind(rule)
    search = kind.build_search(rule, at, filters)
    return kind.read_run(rule, client.search(index=kind.index_of(rule), **_ABSENT_IS_EMPTY, **search).body)


def run_at_each(
    client: Elasticsearch,
    rule: Rule,
    moments: Sequence[datetime],
    *,
    late: timedelta = _NOTHING,
    filters: Sequence[Query] = (),
) -> list[Found]:
    """Return what runs at these moments find, in their order.

    The same as `run_rule` at each of them, where documents are ``late``: what is younger had not arrived. The windows
    of a rule are ranges of one aggregation, with both their ends as in Kibana's query; a rule that looks at the clock
    is asked run by run.

    Raises:
        UnknownRuleError: the rule uses what this runner does not know.
        elasticsearch.ApiError: the engine refuses a search.
    """
    if rule.type_id == threshold.TYPE_ID and threshold.looks_at_the_clock(rule):
        return _run_by_run(client, rule, moments, late, filters)
    kind = _kind(rule)
    found: list[Found] = []
    for part in batched(moments, _WINDOWS_A_SEARCH):
        windows = {str(number): (at - kind.window_of(rule), at - late) for number, at in enumerate(part)}
        search = kind.build_windows(rule, windows, filters)
        answer = client.search(index=kind.index_of(rule), **_ABSENT_IS_EMPTY, **search).body
        by_key = kind.read_windows(rule, answer)
        found += [by_key.get(key, {}) for key in windows]
    return found


def _run_by_run(
    client: Elasticsearch, rule: Rule, moments: Sequence[datetime], late: timedelta, filters: Sequence[Query]
) -> list[Found]:
    found: list[Found] = []
    index = threshold.index_of(rule)
    for part in batched(moments, _RUNS_A_SEARCH):
        searches: list[dict[str, Any]] = []
        for at in part:
            arrived = {"range": {"@timestamp": {"lte": threshold.text_of(at - late)}}}
            searches += [{"index": index, **_ABSENT_IS_EMPTY}, threshold.build_search(rule, at, [*filters, arrived])]
        answers = client.msearch(searches=searches)["responses"]
        found += [threshold.read_run(rule, answer) for answer in answers]
    return found


class _Kind(Protocol):
    """What there is for a type of rules."""

    def check_known(self, rule: Rule) -> None: ...

    def window_of(self, rule: Rule) -> timedelta: ...

    def index_of(self, rule: Rule) -> str: ...

    def build_search(self, rule: Rule, at: datetime, filters: Sequence[Query]) -> dict[str, Any]: ...

    def read_run(self, rule: Rule, answer: Mapping[str, Any]) -> Found: ...

    def build_windows(
        self, rule: Rule, windows: Mapping[str, tuple[datetime, datetime]], filters: Sequence[Query]
    ) -> dict[str, Any]: ...

    def read_windows(self, rule: Rule, answer: Mapping[str, Any]) -> Mapping[str, Found]: ...


_KINDS: Final[Mapping[str, _Kind]] = {counting.TYPE_ID: counting, threshold.TYPE_ID: threshold}


def _kind(rule: Rule) -> _Kind:
    kind = _KINDS.get(rule.type_id)
    if kind is None:
        raise UnknownRuleError(f"{rule.id}: the rule type {rule.type_id}")
    kind.check_known(rule)
    return kind
