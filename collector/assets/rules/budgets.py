"""Who watches an objective: two error-budget rules with a basic licence, or a burn-rate rule of its SLO with platinum.

Both are made of the objective and of `PACES`, so a target stands in one place, ``dashboards/slos/``. `list_guards`
tells which belong together; whoever installs takes one kind, or each failure is told twice. The package has templates
of the error-budget rules; a burn-rate rule names an SLO that exists, so it is made where one is installed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from collector.assets.rules.objectives import DAYS, ObjectiveSource, load_objectives
from collector.assets.rules.sources import ID_PREFIX, Figure, RuleSource, load_rule_sources
from collector.assets.rules.templates import TAGS

BURN_RATE: Final = "slo.rules.burnRate"
_SHORTER: Final = 12
"""How much shorter Kibana's second window is. It ends where the SLO's delay begins, so all of its records are there."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a budget may go: ``times`` the pace at which it lasts, over ``hours`` and still over ``minutes``.

    ``minutes`` are those of an error-budget rule, which sees what had arrived: Azure's records are up to 10 minutes
    late. ``least`` is how many must have been bad, so that a share of few is no alert.
    """

    name: str
    adverb: str
    times: float
    hours: int
    minutes: int
    least: int
    action_group: str
    remark: str


PACES: Final = (
    Pace(
        "fast",
        "fast",
        times=14.4,
        hours=1,
        minutes=15,
        least=10,
        action_group="slo.burnRate.alert",
        remark="The short window is 15 minutes, not the usual 5, since records are up to 10 minutes late.",
    ),
    Pace(
        "slow",
        "slowly",
        times=6,
        hours=6,
        minutes=30,
        least=20,
        action_group="slo.burnRate.high",
        remark="It is for a ticket, the fast one for a call at night.",
    ),
)
"""Those of Google's SRE workbook: 2 % of the budget in an hour, 5 % in six."""
_LATELY: Final = 3


@dataclass(frozen=True, slots=True)
class Guard:
    """What watches an objective.

    Attributes:
        objective: the id of the objective, and of the SLO that is made of it.
        burn_rate: the rule for a platinum licence, in the shape of a rule template.
        budget_rules: the ids of the rules for a basic licence, which are among the rule templates.
    """

    objective: str
    burn_rate: Mapping[str, Any]
    budget_rules: Sequence[str]


def list_guards(folder: Path | None = None) -> Sequence[Guard]:
    """Return who watches each objective.

    Raises:
        AssetError: a file is no objective.
    """
    return [
        Guard(each, _build_burn_rate(each, source), tuple(_derive(each, source)))
        for each, source in load_objectives(folder).items()
    ]


def list_rules() -> Mapping[str, RuleSource]:
    """Return every rule of which there is a template, by id: those that are written, and those of budgets.

    Raises:
        AssetError: a file is no rule or no objective.
    """
    rules = dict(load_rule_sources())
    for each, source in load_objectives().items():
        rules |= _derive(each, source)
    return dict(sorted(rules.items()))


def _derive(objective_id: str, source: ObjectiveSource) -> Mapping[str, RuleSource]:
    return {f"{_stem(objective_id)}-budget-{pace.name}": _spend(source, pace) for pace in PACES}


def _spend(source: ObjectiveSource, pace: Pace) -> RuleSource:
    """A share of the bad divided by what is left to 1 is the pace; the short window is compared with its limit."""
    left = 1 - source.target
    limit, factor = f"{round(pace.times * left, 6):g}", f"{round(1 / left, 6):g}"
    bad, lately = f"{source.total} and not ({source.good})", f"@timestamp >= now-{pace.minutes}m"
    return RuleSource(
        name=f"{source.name}: error budget spent {pace.adverb}",
        question=(
            f"Is the error budget of {DAYS} days spent at more than {pace.times:g} times its pace, over {pace.hours}h "
            f"and still over the last {pace.minutes}m?"
        ),
        every="5m",
        window=f"{pace.hours}h",
        index=source.index,
        filter=source.filter,
        by=source.by,
        figures={
            "A": Figure(count=bad),
            "B": Figure(count=source.total),
            "C": Figure(count=f"{lately} and {bad}"),
            "D": Figure(count=f"{lately} and {source.total}"),
        },
        equation=f"A >= {pace.least} && C >= {_LATELY} && C > {limit} * D ? A / B * {factor} : 0",
        above=pace.times,
        unit=(
            f"times the pace at which the budget lasts for {DAYS} days, when at least {pace.least} were bad, "
            f"{_LATELY} of them lately"
        ),
        change=(
            f"Another objective than {source.target:.1%} changes {limit} ({pace.times:g} times what is left to 1) and "
            f"{factor} (1 divided by it) in the equation. {pace.remark}"
        ),
    )


def _build_burn_rate(objective_id: str, source: ObjectiveSource) -> Mapping[str, Any]:
    windows = [
        {
            "id": pace.name,
            "burnRateThreshold": pace.times,
            "maxBurnRateThreshold": DAYS * 24 // pace.hours,
            "longWindow": {"value": pace.hours, "unit": "h"},
            "shortWindow": {"value": pace.hours * 60 // _SHORTER, "unit": "m"},
            "actionGroup": pace.action_group,
        }
        for pace in PACES
    ]
    return {
        "id": f"{_stem(objective_id)}-burn-rate",
        "type": "alerting_rule_template",
        "attributes": {
            "name": f"{source.name}: burn rate",
            "tags": list(TAGS),
            "ruleTypeId": BURN_RATE,
            "schedule": {"interval": "1m"},
            "params": {"sloId": objective_id, "windows": windows},
        },
    }


def _stem(objective_id: str) -> str:
    """The id without what tells that it is an SLO."""
    return ID_PREFIX + objective_id.removeprefix(ID_PREFIX).removesuffix("-slo")
