"""Installed from a wheel there is no checkout: the sources lie inside the package, and the bodies are the same."""

import json
import shutil
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

from collector.assets.files import package_root, sources_root
from collector.assets.package.archive import pack
from collector.assets.panels.reading import load_dashboards
from collector.assets.rules.budgets import list_guards
from collector.assets.sources import component_templates, pipelines, templates

PRINT_ALL = """
import json
from hashlib import sha256
from collector.assets.files import shipped_package
from collector.assets.package.archive import pack
from collector.assets.panels.reading import load_dashboards
from collector.assets.rules.budgets import list_guards
from collector.assets.sources import component_templates, pipelines, templates
dashboards = [dashboard.id for dashboard in load_dashboards()]
guards = [guard.objective for guard in list_guards()]
package = sha256(pack(shipped_package())[1]).hexdigest()
print(json.dumps([pipelines(), component_templates(), templates(), dashboards, guards, package]))
"""


def test_an_installed_package_builds_the_same_bodies_as_a_checkout(tmp_path: Path) -> None:
    root = sources_root()
    for room in ("assets", "azure_monitor", "telemetry"):
        shutil.copytree(root / "collector" / room, tmp_path / "collector" / room)
    shutil.copy(root / "collector" / "__init__.py", tmp_path / "collector")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for folder, place in project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].items():
        shutil.copytree(root / folder, tmp_path / place)

    printed = subprocess.run([sys.executable, "-c", PRINT_ALL], cwd=tmp_path, check=True, capture_output=True).stdout

    dashboards = [dashboard.id for dashboard in load_dashboards()]
    guards = [guard.objective for guard in list_guards()]
    package = sha256(pack(package_root())[1]).hexdigest()
    here = [pipelines(), component_templates(), templates(), dashboards, guards, package]
    assert "aoai-overview" in dashboards
    assert "aoai-latency-slo" in guards
    assert json.loads(printed) == json.loads(json.dumps(here))
