"""Connectors: they are given, and read only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.emulators.kibana.errors import no_saved_object
from collector.emulators.kibana.routes import Answer, Ask, Route


@dataclass(frozen=True, slots=True)
class Connector:
    """A way to tell people.

    Attributes:
        id: its id.
        name: what people read.
        type: such as `.server-log`.
        lacks_secrets: whether its secrets are missing, as after an import.
        spaces: where it is; everywhere when empty, as one of the configuration file.
    """

    id: str
    name: str = "Log"
    type: str = ".server-log"
    lacks_secrets: bool = False
    spaces: tuple[str, ...] = ()

    def write(self) -> dict[str, object]:
        """Return it as answers hold it."""
        preconfigured = not self.spaces
        body: dict[str, object] = {
            "id": self.id,
            "name": self.name,
            "connector_type_id": self.type,
            "is_preconfigured": preconfigured,
            "is_deprecated": False,
            "is_system_action": False,
            "is_connector_type_deprecated": False,
        }
        config: dict[str, object] = {}
        return body if preconfigured else body | {"config": config, "is_missing_secrets": self.lacks_secrets}


class Connectors:
    """Serves connectors."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        """Have these."""
        self._connectors = connectors

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        read = (("actions", "read"),)
        yield Route("GET", "/api/actions/connectors", self._list, read)
        yield Route("GET", "/api/actions/connector/{id}", self._get, read)

    def find(self, connector_id: str, space: str) -> Connector | None:
        """Return the one of this id in a space."""
        return next((each for each in self._in(space) if each.id == connector_id), None)

    def _in(self, space: str) -> Iterable[Connector]:
        return (each for each in self._connectors if not each.spaces or space in each.spaces)

    def _list(self, ask: Ask) -> Answer:
        return Answer([{**each.write(), "referenced_by_count": 0} for each in self._in(ask.space)])

    def _get(self, ask: Ask) -> Answer:
        connector = self.find(ask.parts["id"], ask.space)
        if connector is None:
            raise no_saved_object("action", ask.parts["id"])
        return Answer(connector.write())
