"""What both APIs answer from, and by which rules."""

from dataclasses import dataclass

from collector.emulators.azure_monitor.access import Access
from collector.emulators.azure_monitor.definitions import Definitions
from collector.emulators.azure_monitor.estate import Estate
from collector.emulators.azure_monitor.history import History
from collector.emulators.azure_monitor.throttling import Throttle


@dataclass(frozen=True, slots=True)
class Cloud:
    """One emulated cloud: what there is, what can be measured and was, who may see it, how fast."""

    estate: Estate
    definitions: Definitions
    history: History
    access: Access
    throttle: Throttle
