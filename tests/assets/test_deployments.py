"""The unit of systemd and the Kubernetes example: hardened, and with a policy that the collector accepts."""

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from collector.cli import app
from collector.policy import load_policy

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "systemd" / "aoai-collector.service"
KUBERNETES = DEPLOY / "kubernetes" / "collector.yaml"
SECRETS = {
    "elasticsearch-api-key": "id:key",
    "eventhub-connection-string": "Endpoint=sb://e.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=a2V5",
    "storage-connection-string": "DefaultEndpointsProtocol=https;AccountName=account;AccountKey=a2V5",
    "content-hash-key": "0123456789abcdef0123456789abcdef",
}


def objects() -> dict[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8"))}


def pod() -> dict[str, Any]:
    return objects()["Deployment"]["spec"]["template"]["spec"]


def check_command(arguments: list[str]) -> None:
    """Let the command line itself read the arguments of ``run``."""
    command = get_command(app).get_command(None, arguments[0])  # type: ignore[attr-defined]
    with command.make_context(arguments[0], arguments[1:]) as context:
        assert context.params["policy"].is_absolute()
        assert str(context.params["data"]) == "/var/lib/aoai"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="not run: no systemd-analyze here")
def test_the_unit_is_exposed_to_2_of_10_at_most() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Overall exposure level" in result.stdout


def test_the_unit_starts_the_command_line_as_it_is() -> None:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.read(UNIT, encoding="utf-8")
    program, *arguments = shlex.split(parser["Service"]["ExecStart"])
    assert Path(program).name == "aoai-collector"
    check_command(arguments)


def test_the_pod_meets_the_restricted_standard_and_writes_to_its_data_folder_only() -> None:
    spec = pod()
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/var/lib/aoai"]
    check_command(container["args"])


def test_the_user_of_the_pod_is_that_of_the_image() -> None:
    text = (DEPLOY.parent / "collector" / "Containerfile").read_text(encoding="utf-8")
    assert f"--uid {pod()['securityContext']['runAsUser']} " in text


def test_the_policy_of_the_example_is_accepted_and_can_be_watched_from_outside_the_pod(tmp_path: Path) -> None:
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    text = objects()["ConfigMap"]["data"]["policy.yml"].replace("/etc/aoai/secrets", str(tmp_path))
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    policy = load_policy(path, {})
    assert policy.notes == ()
    assert {file.name for file in policy.files} == set(SECRETS)
    assert [stream.checkpoint_store for _, stream in policy.streams()] == ["blob"]
    monitoring = policy.agent.monitoring.http
    (port,) = pod()["containers"][0]["ports"]
    assert (monitoring.host, monitoring.port) == ("0.0.0.0", port["containerPort"])  # noqa: S104 - in a pod
