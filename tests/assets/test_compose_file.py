"""compose.yaml, as far as it can be looked at without Docker."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from collector.assets.files import package_root
from collector.assets.package.archive import pack
from collector.policy import load_policy

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PAGE = (ROOT / "docs" / "compose.md").read_text()
CONNECTION = "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5"


def test_the_collector_accepts_its_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(COMPOSE["configs"]["policy"]["content"].replace("$$", "$"))
    given = {
        "ELASTIC_PASSWORD": "choose-one",
        "EVENTHUB_NAME": "insights-logs",
        "EVENTHUB_CONNECTION_STRING": CONNECTION,
    }
    assert SERVICES["collector"]["environment"].keys() == given.keys()

    policy = load_policy(path, given)

    (stream,) = policy.inputs[0].streams
    assert (stream.id, stream.checkpoint_store) == ("logs", "sqlite")


def test_images_are_the_official_ones_and_of_one_version() -> None:
    images = {service["image"] for service in SERVICES.values() if "image" in service}
    assert {image.partition(":")[0] for image in images} == {"elasticsearch", "kibana"}
    assert len({image.partition(":")[2] for image in images}) == 1


def test_the_collectors_image_is_built_from_all_that_a_wheel_includes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    included = {*wheel["force-include"], *(str(Path(file).parent) for file in wheel["shared-data"])}
    copied = re.findall(r"^COPY (\S+) /src/(\S+)$", (ROOT / "collector" / "Containerfile").read_text(), re.MULTILINE)
    assert included
    assert {(folder, folder) for folder in included} <= set(copied)


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_archive_that_is_installed_is_the_one_that_is_built() -> None:
    name, _ = pack(package_root())
    (command,) = SERVICES["package"]["command"]
    assert re.findall(r"aoai-[\d.]+\.zip", command) == [name]
    assert set(re.findall(r"aoai-[\d.]+\.zip", PAGE)) == {name}


def test_services_wait_for_services_that_are_there_and_files_are_where_they_say() -> None:
    for service in SERVICES.values():
        assert service.get("depends_on", {}).keys() <= SERVICES.keys()
    build = SERVICES["collector"]["build"]
    lines = (ROOT / build["context"] / build["dockerfile"]).read_text().splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert copied
    assert all((ROOT / path).exists() for path in copied)


def test_every_variable_that_must_be_given_is_on_the_page() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    assert needed
    assert needed == set(re.findall(r"^([A-Z_]+)=", PAGE, re.MULTILINE))


def test_every_service_is_explained() -> None:
    assert set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)) == SERVICES.keys()
