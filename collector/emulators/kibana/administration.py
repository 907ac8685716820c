"""Status, licence and spaces."""

from collections.abc import Iterable
from http import HTTPStatus

from collector.emulators.kibana.errors import bad_request, conflict, not_found
from collector.emulators.kibana.instance import DEFAULT_SPACE, Instance
from collector.emulators.kibana.routes import NOTHING, Answer, Ask, Route
from collector.emulators.kibana.schema import flag, listed, literal, record, text

_DOWN = frozenset({"unavailable", "critical"})
_SPACE = record(
    {
        "id": text(r"^[a-z0-9_\-]+$", reason="must be lower case, a-z, 0-9, '_', and '-' are allowed"),
        "name": text(at_least=1),
    },
    {
        "description": text(),
        "initials": text(at_most=2),
        "color": text(r"^#[a-fA-F0-9]{6}$", reason="must be a 6 digit hex color, starting with a #"),
        "disabledFeatures": listed(text()),
        "imageUrl": text(r"^data:image", reason="must start with 'data:image'"),
        "solution": literal("security", "oblt", "es", "classic"),
    },
    defaults={"disabledFeatures": []},
)


class Administration:
    """What a Kibana tells of itself, and its spaces."""

    def __init__(self, instance: Instance) -> None:
        """Serve this one."""
        self._instance = instance

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        formats = record({}, {"v7format": flag, "v8format": flag})
        anywhere = (("spaces", "all"),)
        yield Route("GET", "/api/status", self._tell_status, query=formats, anonymous=True)
        yield Route("GET", "/api/licensing/info", self._tell_licence)
        yield Route("GET", "/api/spaces/space", self._list_spaces, versioned=True)
        yield Route("POST", "/api/spaces/space", self._create_space, anywhere, body=_SPACE, versioned=True)
        yield Route("GET", "/api/spaces/space/{id}", self._get_space, versioned=True)
        yield Route("DELETE", "/api/spaces/space/{id}", self._delete_space, anywhere, versioned=True)

    def _tell_status(self, ask: Ask) -> Answer:
        if ask.query.keys() >= {"v7format", "v8format"}:
            raise bad_request("provide only one format option: v7format or v8format")
        instance = self._instance
        status = HTTPStatus.SERVICE_UNAVAILABLE if instance.level in _DOWN else HTTPStatus.OK
        overall: dict[str, object] = {"level": instance.level}
        if not ask.user.name:
            return Answer({"status": {"overall": overall}}, status)
        overall |= {"summary": f"Kibana is {instance.level}"}
        core = {name: {"level": instance.level, "summary": ""} for name in ("elasticsearch", "savedObjects")}
        version = {
            "number": instance.version,
            "build_hash": "emulated",
            "build_number": 1,
            "build_snapshot": False,
            "build_flavor": "traditional",
            "build_date": "2025-11-01T00:00:00.000Z",
        }
        metrics = {"last_updated": instance.write_time(), "collection_interval_in_millis": 5000}
        state = {"overall": overall, "core": core, "plugins": {}}
        body = {"name": "emulated", "uuid": instance.uuid, "version": version, "status": state, "metrics": metrics}
        return Answer(body, status)

    def _tell_licence(self, _ask: Ask) -> Answer:
        kind = self._instance.licence.value
        return Answer({"license": {"uid": self._instance.uuid, "type": kind, "mode": kind, "status": "active"}})

    def _list_spaces(self, ask: Ask) -> Answer:
        return Answer([body for space, body in self._instance.spaces.items() if ask.user.may_enter(space)])

    def _create_space(self, ask: Ask) -> Answer:
        space = ask.body["id"]
        if space in self._instance.spaces:
            raise conflict(f"A space with the identifier {space} already exists.")
        self._instance.spaces[space] = ask.body
        return Answer(ask.body)

    def _get_space(self, ask: Ask) -> Answer:
        space = ask.parts["id"]
        if space not in self._instance.spaces or not ask.user.may_enter(space):
            raise not_found()
        return Answer(self._instance.spaces[space])

    def _delete_space(self, ask: Ask) -> Answer:
        space = ask.parts["id"]
        if space not in self._instance.spaces:
            raise not_found()
        if space == DEFAULT_SPACE:
            raise bad_request("The default space cannot be deleted because it is reserved.")
        del self._instance.spaces[space]
        return NOTHING
