"""Looks for known vulnerabilities in what users get: ``make audit``, or ``python -m release.audit``.

uv asks the database of osv.dev, which holds PyPI's own advisories and GitHub's. Exit code 0: every locked package was
looked at, and none is known. 1: some are. 2: *not run*, because the database did not answer or not for all packages.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from release.locked import UvError, export, run_uv

CLEAN: Final = 0
VULNERABLE: Final = 1
NOT_RUN: Final = 2
_KNOWN_TO_UV: Final = (0, 1)
"""How `uv audit` ends when it has looked: nothing found, something found."""


def audit(service: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Return the exit code and the lines to say; ``service`` are options of uv that name another database.

    Raises:
        UvError: the lock cannot be read.
    """
    locked = len(json.loads(export("cyclonedx1.5"))["components"])
    experiments = "--preview-features=audit-command,json-output"
    ran = run_uv("audit", "--locked", "--no-extra=dev", "--output-format=json", experiments, *service)
    if ran.returncode not in _KNOWN_TO_UV or not ran.stdout:
        return NOT_RUN, ["not run: the database could not be asked", *ran.stderr.decode().strip().splitlines()]
    report: dict[str, Any] = json.loads(ran.stdout)
    examined: int = report["summary"]["audited_packages"]
    if examined < locked or not locked:
        return NOT_RUN, [f"not run: only {examined} of {locked} locked packages were looked at"]
    found = [_describe(each) for each in report["vulnerabilities"]]
    found += [f"status: {each}" for each in report["adverse_statuses"]]
    return (VULNERABLE if found else CLEAN), [*found, f"{len(found)} known in {examined} packages"]


def _describe(vulnerability: dict[str, Any]) -> str:
    package, fixes = vulnerability["dependency"], vulnerability["fix_versions"]
    mended = f"mended in {', '.join(fixes)}" if fixes else "not mended yet"
    return f"{package['name']} {package['version']}: {vulnerability['id']} {vulnerability['summary']} ({mended})"


def main() -> int:
    """Say what is known; returns the exit code."""
    try:
        code, lines = audit(sys.argv[1:])
    except UvError as error:
        code, lines = NOT_RUN, [f"not run: {error}"]
    print("\n".join(lines), file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
