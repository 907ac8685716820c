"""A Kibana emulator: the HTTP APIs that installing and removing assets use, as strict as Kibana.

Promised: status, licence and spaces; import, export, reading and deletion of saved objects; data views; alerting
rules, rule types and connectors; SLOs; modules of anomaly detection jobs; packages, agent policies and package policies
of Fleet. Requests are refused in Kibana's order and words: XSRF header, login, space, route, origin of internal routes,
version header, privileges of features in spaces, media type, unknown keys, wrong types; then what each API checks
itself, listed in docs/kibana-emulator.md. Ids are unique among spaces where Kibana's are. A journal has every request.

Not promised: pages, Elasticsearch behind it, anything that runs (rules, SLO transforms, jobs, agents), searches by
`search` or KQL, other routes and types than these, more than one version at a time: what differs by version is the
header of internal routes and which folders of a package are read. Texts of refusals are as sources and documents show
them; where none does they are guesses, and no test of ours leans on those. No running Kibana was ever compared.

    users = [User("admin", password="secret", superuser=True)]
    async with KibanaEmulator(users, instance=Instance(licence=Licence.TRIAL)) as kibana:
        ... kibana.url, kibana.journal, kibana.saved_objects
"""

from collector.emulators.kibana.access import EVERYWHERE, User
from collector.emulators.kibana.connectors import Connector
from collector.emulators.kibana.emulator import KibanaEmulator
from collector.emulators.kibana.errors import RefusedError
from collector.emulators.kibana.front import Entry
from collector.emulators.kibana.instance import DEFAULT_SPACE, Instance, Licence

__all__ = [
    "DEFAULT_SPACE",
    "EVERYWHERE",
    "Connector",
    "Entry",
    "Instance",
    "KibanaEmulator",
    "Licence",
    "RefusedError",
    "User",
]
