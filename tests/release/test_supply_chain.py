"""S10 of the guarantees: what users get is locked by hashes, licensed, listed, and looked at for vulnerabilities."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from release import licences
from release.audit import CLEAN, NOT_RUN, VULNERABLE, audit
from release.bill import make_bill
from release.licences import ALLOWED, EXCEPTIONS, LicenceError, find_licence
from release.locked import EXTRAS, ROOT, UvError, export

MOST_DIRECT_DEPENDENCIES = 18
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]


def locked_for_users(*extras: str) -> set[str]:
    """Names of what the lock gives users; read from the pip form, which the bill is not made from."""
    return set(re.findall(r"^([\w.-]+)==", export("requirements.txt", extras).decode(), re.MULTILINE))


def test_direct_dependencies_are_few() -> None:
    assert 0 < len(PROJECT["dependencies"]) <= MOST_DIRECT_DEPENDENCIES


def test_the_lock_holds_a_hash_of_every_artifact_and_fits_the_project() -> None:
    artifacts = [each for package in LOCK for each in (*package.get("wheels", ()), package.get("sdist")) if each]
    assert len(artifacts) > len(LOCK) > 50
    assert [each for each in artifacts if not re.fullmatch(r"sha256:[0-9a-f]{64}", each.get("hash", ""))] == []
    unlocked = [package["name"] for package in LOCK if not (package.get("wheels") or package.get("sdist"))]
    assert unlocked == [PROJECT["name"]]
    assert export("requirements.txt")


def test_requirements_for_pip_hold_every_package_with_its_version_and_hashes() -> None:
    requirements = export("requirements.txt", extras=()).decode()
    blocks = [block for block in re.split(r"\n(?=\S)", requirements) if "==" in block.partition("\n")[0]]
    assert len(blocks) >= len(PROJECT["dependencies"])
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_every_package_that_users_get_has_an_allowed_licence_or_a_reason() -> None:
    extras = set(PROJECT["optional-dependencies"]) - {"dev"}
    assert extras == set(EXTRAS)
    packages = locked_for_users(*EXTRAS)
    assert len(packages) > 50
    for package in packages:
        names = set(re.findall(r"[\w.+-]+", find_licence(package))) - {"AND", "OR", "WITH"}
        assert names <= ALLOWED or EXCEPTIONS[package][1]


def test_an_exception_is_for_a_package_that_is_there_and_only_in_an_extra() -> None:
    assert EXCEPTIONS.keys() <= locked_for_users(*EXTRAS) - locked_for_users()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"License-Expression": "AGPL-3.0-only"},
        {"License-Expression": "MIT AND GPL-3.0-only"},
        {"License-Expression": "GPL-3.0-only", "License": "MIT"},
        {"License": "all rights reserved"},
        {"Classifier": "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"},
    ],
)
def test_a_package_with_an_unknown_licence_is_refused(told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Metadata(dict[str, str]):
        def get_all(self, name: str, failobj: list[str]) -> list[str]:
            return [self[name]] if name in self else failobj

    monkeypatch.setattr(licences, "metadata", lambda _: Metadata(told))
    with pytest.raises(LicenceError, match="newcomer"):
        find_licence("newcomer")


def test_a_package_that_is_not_installed_has_no_licence_to_look_at() -> None:
    with pytest.raises(LicenceError, match="not-there is not installed"):
        find_licence("not-there")


def test_the_bill_of_materials_is_the_same_each_time_and_lists_what_the_lock_gives_users() -> None:
    bill = make_bill()
    assert make_bill() == bill

    told = json.loads(bill)
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", told["serialNumber"]
    )
    components = {each["name"]: each for each in told["components"]}
    assert components.keys() == locked_for_users(*EXTRAS)
    versions = {package["name"]: package["version"] for package in LOCK if package["name"] in components}
    assert {name: each["version"] for name, each in components.items()} == versions
    for name, each in components.items():
        assert each["purl"].startswith(f"pkg:pypi/{name}@{each['version']}")
        assert each["licenses"] == [{"expression": find_licence(name)}]
        assert all(file["hashes"] for file in each["externalReferences"])
    references = {each["ref"] for each in told["dependencies"]}
    assert {each["bom-ref"] for each in components.values()} <= references


@contextmanager
def vulnerability_database(answers: dict[str, Any], status: int = 200) -> Iterator[list[str]]:
    """A database with the interface of osv.dev (google.github.io/osv.dev/api); yields the options that lead there."""

    class Database(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            self._answer({"results": [answers.get(query["package"]["name"], {}) for query in asked]})

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            self._answer({"id": name, "summary": "made up", "modified": "2026-01-01T00:00:00Z", "affected": []})

        def _answer(self, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield [f"--service-url=http://127.0.0.1:{server.server_address[1]}/"]
        finally:
            server.shutdown()
            thread.join()


def test_the_audit_looks_at_every_package_that_users_get() -> None:
    with vulnerability_database({}) as service:
        code, lines = audit(service)
    assert (code, lines) == (CLEAN, [f"0 known in {len(locked_for_users(*EXTRAS))} packages"])


def test_the_audit_names_a_vulnerable_package() -> None:
    known = {"vulns": [{"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z"}]}
    with vulnerability_database({"aiohttp": known}) as service:
        code, lines = audit(service)
    assert code == VULNERABLE
    assert re.match(r"aiohttp [\d.]+: PYSEC-2026-1 made up", lines[0])


def test_an_audit_whose_database_refuses_was_not_run() -> None:
    with vulnerability_database({}, status=403) as service:
        code, lines = audit(service)
    assert (code, lines[0]) == (NOT_RUN, "not run: the database could not be asked")


def test_an_audit_that_looked_at_fewer_packages_than_are_locked_was_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Report:
        returncode = 0
        stdout = b'{"summary": {"audited_packages": 3}, "vulnerabilities": [], "adverse_statuses": []}'

    monkeypatch.setattr("release.audit.run_uv", lambda *_: Report())
    code, (line,) = audit()
    assert code == NOT_RUN
    assert line.startswith("not run: only 3 of ")


def test_what_uv_refuses_is_told_in_its_words() -> None:
    with pytest.raises(UvError, match="no-such-extra"):
        export("requirements.txt", extras=("no-such-extra",))
