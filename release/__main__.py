"""Writes a release into ``dist/release/``: ``make release``, or ``python -m release``.

Wheel, source distribution, the locked requirements with the hashes of all artifacts, the bill of materials, and the
SHA-256 of each of these.
"""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Final

from release.bill import make_bill
from release.distributions import build
from release.licences import LicenceError
from release.locked import ROOT, UvError, export

OUT: Final = ROOT / "dist" / "release"
REQUIREMENTS: Final = "requirements.txt"
BILL: Final = "azure-openai-collector.cdx.json"
SUMS: Final = "SHA256SUMS"


def write(out: Path) -> list[Path]:
    """Write everything into an empty folder; what was in it goes.

    Raises:
        UvError: it cannot be built, or the lock cannot be read.
        LicenceError: a package has no licence that is allowed.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    files = list(build(out))
    for name, content in ((REQUIREMENTS, export("requirements.txt", extras=())), (BILL, make_bill())):
        (out / name).write_bytes(content)
        files.append(out / name)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(files)]
    (out / SUMS).write_text("".join(sums), encoding="ascii")
    return [*files, out / SUMS]


def main() -> int:
    """Write it, and name the files; returns the exit code."""
    try:
        files = write(OUT)
    except (UvError, LicenceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in files:
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
