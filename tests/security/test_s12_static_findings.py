"""S12 of the guarantees: no finding of ruff's security rules, and a reason beside each exemption."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("collector", "tests", "benchmarks")
EXEMPTION = re.compile(r"# noqa: *(?P<rules>[A-Z]+\d+(?:, *[A-Z]+\d+)*)(?P<rest>.*)")
SECURITY = re.compile(r"\bS\d{3}\b")
REASON = re.compile(r"\s+(?:-|#)\s+\w.{3,}")
WORDS = re.compile(r"#\s+\w.{3,}")


def security_exemptions() -> list[tuple[str, str]]:
    """Where a line is exempt from a security rule, and what is said after that."""
    found: list[tuple[str, str]] = []
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = EXEMPTION.search(line)
            if match and SECURITY.search(match["rules"]):
                found.append((f"{path.relative_to(ROOT)}:{number}", match["rest"]))
    return found


def test_ruff_finds_nothing_by_its_security_rules() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--select", "S", "--output-format", "concise", *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "All checks passed!", "")


def test_each_line_that_is_exempt_says_why() -> None:
    found = security_exemptions()

    assert len(found) > 20
    assert [place for place, rest in found if not REASON.match(rest)] == []


def test_each_folder_that_is_exempt_says_why() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert settings["select"] == ["ALL"]
    everywhere = settings["ignore"]
    ignored = [rule for rules in settings["per-file-ignores"].values() for rule in rules if SECURITY.fullmatch(rule)]
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if re.match(r'\s+"S\d{3}",', line)]

    assert not [rule for rule in everywhere if rule == "S" or SECURITY.fullmatch(rule)]
    assert len(listed) == len(ignored) > 0
    assert [line for line in listed if not WORDS.search(line)] == []
