"""Builds wheel and source distribution, the same bytes from the same tree.

hatchling, the build backend, sorts the files and gives them one time and one of two modes (its option ``reproducible``,
on by default). So the only thing left to say is which time: that of ``SOURCE_DATE_EPOCH``
(reproducible-builds.org), which is a fixed one here.
"""

from pathlib import Path
from typing import Final

from release.locked import ROOT, UvError, run_uv

_EPOCH: Final = "1767225600"
"""2026-01-01: the age of a file says nothing, and zip knows no time before 1980."""


def build(out: Path, root: Path = ROOT) -> tuple[Path, Path]:
    """Build the source distribution of a checkout, and from that the wheel; return the two, the wheel first.

    Raises:
        UvError: it cannot be built; the message is that of the build.
    """
    ran = run_uv("build", "--quiet", "--no-create-gitignore", f"--out-dir={out}", cwd=root, SOURCE_DATE_EPOCH=_EPOCH)
    if ran.returncode:
        raise UvError(ran.stderr.decode().strip())
    (wheel,), (source,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, source
