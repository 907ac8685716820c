"""What becomes of the runs of a rule: alerts that are raised after their delay, and recover.

After Kibana's `alerting/server/lib/get_alerts_for_notification.ts`: a group that matches counts one more active run;
the run at which the count reaches the delay raises its alert; the first run that does not match ends it and counts from
nothing again. Flapping detection is off.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from collector.assets.rules.model import Alert, Found, Group


def follow_alerts(delay: int, runs: Iterable[tuple[datetime, Found]]) -> Sequence[Alert]:
    """Return the alerts of runs in the order of time, by when they were raised."""
    active: dict[Group, int] = {}
    raised: dict[Group, datetime] = {}
    alerts: list[Alert] = []
    for at, found in runs:
        for group in [group for group in active if group not in found]:
            del active[group]
            if group in raised:
                alerts.append(Alert(group, raised.pop(group), at))
        for group in found:
            active[group] = active.get(group, 0) + 1
            if active[group] == delay:
                raised[group] = at
    alerts += [Alert(group, since, None) for group, since in raised.items()]
    return sorted(alerts, key=lambda alert: (alert.raised, alert.group))
