"""Installed from a wheel there is no checkout: the sources lie inside the package, and the bodies are the same."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from collector.assets.files import sources_root
from collector.assets.sources import component_templates, pipelines, templates

PRINT_ALL = """
import json
from collector.assets.sources import component_templates, pipelines, templates
print(json.dumps([pipelines(), component_templates(), templates()]))
"""


def test_an_installed_package_builds_the_same_bodies_as_a_checkout(tmp_path: Path) -> None:
    root = sources_root()
    for room in ("assets", "azure_monitor", "telemetry"):
        shutil.copytree(root / "collector" / room, tmp_path / "collector" / room)
    shutil.copy(root / "collector" / "__init__.py", tmp_path / "collector")
    for folder in ("ingest-pipelines", "catalogue"):
        shutil.copytree(root / folder, tmp_path / "collector" / "assets" / "shipped" / folder)

    printed = subprocess.run([sys.executable, "-c", PRINT_ALL], cwd=tmp_path, check=True, capture_output=True).stdout

    assert json.loads(printed) == json.loads(json.dumps([pipelines(), component_templates(), templates()]))
