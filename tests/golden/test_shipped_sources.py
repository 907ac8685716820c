"""Installed from a wheel there is no checkout: the sources lie inside the package, and the bodies are the same."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from collector.assets.files import sources_root
from collector.assets.panels.reading import load_dashboards
from collector.assets.sources import component_templates, pipelines, templates

PRINT_ALL = """
import json
from collector.assets.panels.reading import load_dashboards
from collector.assets.sources import component_templates, pipelines, templates
dashboards = [dashboard.id for dashboard in load_dashboards()]
print(json.dumps([pipelines(), component_templates(), templates(), dashboards]))
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
    assert "aoai-overview" in dashboards
    assert json.loads(printed) == json.loads(json.dumps([pipelines(), component_templates(), templates(), dashboards]))
