"""The software bill of materials: CycloneDX 1.5 JSON of what users get, from ``uv.lock``.

uv writes it; ours are the licences, and that nothing of it depends on where and when it is written: the serial number
is a name-based UUID (RFC 9562, version 5) of the contents, and there is no time in it. Its format is cyclonedx.org's
``bom-1.5.schema.json``, which wants neither.
"""

import json
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from collector import __version__
from release.licences import find_licence
from release.locked import export

_FORM: Final = "cyclonedx1.5"
_PAGE: Final = "https://pypi.org/project/azure-openai-collector/"


def make_bill() -> bytes:
    """Return the bill.

    Raises:
        UvError: the lock cannot be read.
        LicenceError: a package has none that is allowed.
    """
    bill: dict[str, Any] = json.loads(export(_FORM))
    for volatile in ("serialNumber", "timestamp"):
        bill.pop(volatile, None)
        bill["metadata"].pop(volatile, None)
    project = bill["metadata"]["component"]
    project |= {"type": "application", "version": __version__, "purl": f"pkg:pypi/{project['name']}@{__version__}"}
    project["licenses"] = [{"license": {"id": "Apache-2.0"}}]
    for component in bill["components"]:
        component["licenses"] = [{"expression": find_licence(component["name"])}]
    return _encode(
        {"serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, _PAGE + json.dumps(bill, sort_keys=True))}"} | bill
    )


def _encode(bill: dict[str, Any]) -> bytes:
    return json.dumps(bill, indent=2, sort_keys=True).encode() + b"\n"
