"""S10 of the guarantees: a wheel is the same bytes whoever builds it, holds what it must, and works once installed."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from collector import __version__
from collector.assets.files import package_root
from collector.assets.package.archive import pack
from release.distributions import build
from release.locked import ROOT, export, run_uv

SOURCES = (
    "collector",
    "ingest-pipelines",
    "catalogue",
    "dashboards",
    "integration",
    "deploy/systemd",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    ".gitignore",
)
BUILD = "import sys; from pathlib import Path; from release.distributions import build; build(*map(Path, sys.argv[1:]))"
LOAD_ASSETS = """
import json
from hashlib import sha256
import collector
from collector.assets.files import shipped_package
from collector.assets.package.archive import pack
from collector.assets.sources import component_templates, pipelines, templates
print(json.dumps([
    collector.__file__,
    sha256(pack(shipped_package())[1]).hexdigest(),
    len(pipelines()) and len(component_templates()) and len(templates()),
]))
"""
POLICY = """
outputs: {default: {type: elasticsearch, hosts: ["http://127.0.0.1:9200"], api_key: "${env.KEY}"}}
inputs:
  - {id: logs, type: azure-eventhub, streams: [{id: logs, eventhub: hub, connection_string: "${env.CONNECTION}"}]}
"""
SECRETS = {
    "KEY": "id:key",
    "CONNECTION": "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which nobody works meanwhile."""
    folder = tmp_path_factory.mktemp("tree")
    copy_tree(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution of it."""
    return build(tmp_path_factory.mktemp("dist"), tree)


def copy_tree(root: Path, folder: Path) -> None:
    for source in SOURCES:
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / source).is_dir():
            shutil.copytree(root / source, target)
        else:
            shutil.copy(root / source, target)


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_another_folder_time_zone_mask_and_age_give_the_same_bytes(
    tree: Path, built: tuple[Path, Path], tmp_path: Path
) -> None:
    copy, out = tmp_path / "elsewhere", tmp_path / "out"
    copy_tree(tree, copy)
    for path in copy.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    subprocess.run(
        [sys.executable, "-c", BUILD, str(out), str(copy)],
        cwd=ROOT,
        check=True,
        umask=0o077,
        env=os.environ | {"TZ": "Pacific/Auckland", "SOURCE_DATE_EPOCH": "1"},
    )

    there = {path.name: digest(path) for path in out.iterdir()}
    assert there == {path.name: digest(path) for path in built}


def test_the_wheel_holds_the_program_its_assets_and_the_licence_and_nothing_else(
    tree: Path, built: tuple[Path, Path]
) -> None:
    modules = {str(path.relative_to(tree)) for path in (tree / "collector").rglob("*.py")}
    assets = {
        f"collector/assets/shipped/{path.relative_to(tree)}"
        for folder in ("ingest-pipelines", "catalogue", "dashboards", "integration")
        for path in (tree / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(built[0]) as wheel:
        held = set(wheel.namelist())
        metadata = f"azure_openai_collector-{__version__}.dist-info"
        assert wheel.read(f"{metadata}/licenses/LICENSE") == (tree / "LICENSE").read_bytes()
        unit = f"azure_openai_collector-{__version__}.data/data/share/aoai-collector/aoai-collector.service"
        assert wheel.read(unit) == (tree / "deploy/systemd/aoai-collector.service").read_bytes()

    assert modules | assets <= held
    others = held - modules - assets - {unit}
    data = {name for name in others if name.startswith("collector/")}
    assert data == {
        str(path.relative_to(tree))
        for path in (tree / "collector").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and path.name != "Containerfile"
    }
    assert {name.partition("/")[0] for name in others - data} == {metadata}


def test_the_source_distribution_holds_neither_tests_nor_caches(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as source:
        names = [name.partition("/")[2] for name in source.getnames()]
    assert {"pyproject.toml", "LICENSE", "collector/cli.py"} <= set(names)
    assert [name for name in names if name.startswith(("tests", "benchmarks", ".venv")) or name.endswith(".pyc")] == []


def find_interpreter(version: str) -> str:
    """Return one that runs; pyenv's shims name versions that do not."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}*/bin/python"))]
    for candidate in filter(None, candidates):
        ask = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        ran = subprocess.run(ask, capture_output=True, text=True, check=False)
        if ran.stdout.strip() == version:
            return str(candidate)
    pytest.skip(f"not run: Python {version} is not on this machine")


def install(wheel: Path, interpreter: str, folder: Path) -> Path:
    """Install as docs/install.md says: what is locked, by its hashes, then the wheel. Returns the programs' folder."""
    python = folder / "bin" / "python"
    requirements = folder.parent / "requirements.txt"
    requirements.write_bytes(export("requirements.txt", extras=()))
    for arguments in (
        ("venv", f"--python={interpreter}", str(folder)),
        ("pip", "install", f"--python={python}", "--require-hashes", "-r", str(requirements)),
        ("pip", "install", f"--python={python}", "--no-deps", str(wheel)),
        ("pip", "check", f"--python={python}"),
    ):
        ran = run_uv(*arguments, cwd=folder.parent)
        if b"error sending request" in ran.stderr:
            pytest.skip(f"not run: the package registry does not answer: {ran.stderr.decode()}")
        assert ran.returncode == 0, ran.stderr.decode()
    return folder / "bin"


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_installed_from_the_wheel_with_locked_requirements_it_works(
    version: str, built: tuple[Path, Path], tmp_path: Path
) -> None:
    programs = install(built[0], find_interpreter(version), tmp_path / "installed")
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY)

    def run(*command: str) -> str:
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"} | SECRETS
        return subprocess.run(
            [programs / command[0], *command[1:]], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        ).stdout

    assert run("aoai-collector", "--version") == f"aoai-collector {__version__}\n"
    assert "--dry-run" in run("aoai-collector", "setup", "--help")
    effective = run("aoai-collector", "config", "--policy", str(policy))
    assert "eventhub: hub" in effective
    assert "a2V5" not in effective
    place, package, assets = json.loads(run("python", "-c", LOAD_ASSETS))
    assert place.startswith(str(tmp_path))
    assert package == sha256(pack(package_root())[1]).hexdigest()
    assert assets
