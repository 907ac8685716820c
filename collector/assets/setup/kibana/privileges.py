"""Which privilege of Kibana opens which of its paths, in the words of its page of roles."""

from collections.abc import Mapping
from typing import Final

STACK_RULES: Final = "Stack Rules: all"
SLOS: Final = "SLOs: all"
_BY_PATH: Final[Mapping[str, str]] = {
    "/api/saved_objects/": "Saved Objects Management: all",
    "/api/data_views/": "Data View Management: all",
    "/api/alerting/": STACK_RULES,
    "/api/actions/": "Actions and Connectors: read",
    "/api/observability/slos": SLOS,
    "/internal/ml/": "Machine Learning: all",
    "/api/fleet/": "Integrations: all, and Fleet: all",
}


def advise(privilege: str) -> str:
    """What to do without a privilege."""
    return f"Use a user or an API key whose role has {privilege} (docs/kibana-permissions.md)"


def advise_for(path: str) -> str:
    """What to do when a path was forbidden."""
    names = [name for start, name in _BY_PATH.items() if path.startswith(start)]
    return advise(names[0] if names else "privileges in this space")
