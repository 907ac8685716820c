"""S1 of the guarantees: no secret is in anything that the collector says, writes or sends, in whatever form.

The policy has a canary in every field that its model calls a secret, and every part of it fails in its own way but for
one, which works. What one client does with one login is in ``tests/output/test_output_secrets.py``,
``tests/contract/test_azure_ways_in.py`` and ``tests/policy/test_policy_secrets.py``.
"""

import asyncio
import base64
import json
import os
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import aiohttp
import pytest
import yaml
from aiohttp import web
from plugins.bulk_server import PRODUCT
from plugins.canaries import Canaries, forms_of, hub_streams, metrics_streams, outputs_of
from plugins.daemon import HUB, Daemon
from plugins.feeding import make_record
from plugins.http_server import listen
from plugins.light_job import LightJob
from plugins.secret_fields import secret_fields
from plugins.tls_server import Certificates

from collector.policy import Policy, load_policy

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "aoai-collector.service"
AT_DEBUG = ("-c", "import sys; from collector.cli import main; sys.argv += ['--log-level', 'debug']; main()")
FAILURES = ("unable to authenticate", "local issuer certificate", "output proxied", "stream wrong-key", "stream m")
"""What the log must have told of, so that there was something to leak."""
OF_SETUP = ("AOAI_SETUP_API_KEY", "AOAI_SETUP_PASSWORD")
EXAMINED = {
    *("log", "arguments", "name of the process", "/metrics", "/healthz", "/readyz", "tap", "documents"),
    *("status --json", "status --once", "diagnostics", "config", "check --json", "gaps"),
    *("run with a wrong policy", "setup with a key", "setup with a password", "preview", "data folder"),
}


async def _refuse(_: web.Request) -> web.Response:
    error = {"error": {"type": "security_exception", "reason": "unable to authenticate"}, "status": 401}
    return web.json_response(error, status=401, headers=PRODUCT)


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
async def policy(light_job: LightJob, canaries: Canaries, certificates: Certificates) -> AsyncIterator[Path]:
    """The policy with the canaries, while its servers listen."""
    refusing = web.Application()
    refusing.router.add_route("*", "/{path:.*}", _refuse)
    async with (
        listen(refusing) as refusing_port,
        listen(web.Application(), ssl_context=certificates.serve()) as untrusted_port,
    ):
        outputs = outputs_of(
            canaries,
            light_job.url,
            f"http://127.0.0.1:{refusing_port}",
            f"https://127.0.0.1:{untrusted_port}",
        )
        good = light_job.hub.connection_string()
        streams = {"default": [*hub_streams(canaries, HUB, good)]}
        for output in outputs.keys() - {"default"}:
            streams[output] = [{"eventhub": HUB, "consumer_group": output, "connection_string": good}]
        inputs = [
            {"id": output, "type": "azure-eventhub", "use_output": output, "streams": of_output}
            | {"data_stream": {"namespace": "light"}}
            for output, of_output in streams.items()
        ]
        metrics = [*metrics_streams(canaries)]
        inputs.append({"id": "metrics", "type": "azure/metrics", "use_output": "default", "streams": metrics})
        agent = {"monitoring": {"http": {"port": 0}, "namespace": "light", "metrics_period": "1s"}}
        yield write(light_job.policy, {"outputs": outputs, "agent": agent, "inputs": inputs})


def write(path: Path, policy: Mapping[str, Any]) -> Path:
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(policy, allow_unicode=True), encoding="utf-8")
    return path


async def command(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """All that a command says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collector", *arguments),
        env={**os.environ, "COLUMNS": "1000", **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode()


async def say_all(job: LightJob, daemon: Daemon, canaries: Canaries, folder: Path) -> dict[str, str]:
    """Ask everything that can be asked while the daemon runs."""
    data, policy, nobody = ("--data", str(job.data)), ("--policy", str(job.policy)), "https://127.0.0.1:9"
    key = {OF_SETUP[0]: f"id:{canaries.plant_plain(OF_SETUP[0])}"}
    password = {OF_SETUP[1]: canaries.plant(OF_SETUP[1])}
    whole = yaml.safe_load(job.policy.read_text("utf-8"))
    wrong = write(folder / "wrong.yml", whole | {"agent": {"monitoring": {"http": {"host": "nowhere"}}}})
    # A namespace that nobody answers for costs `check` its 20 s; the same logins are those of metrics, too.
    for source in whole["inputs"]:
        source["streams"] = [each for each in source["streams"] if "eventhub_namespace" not in each]
    quick = ("--policy", str(write(folder / "quick.yml", whole)))
    commands: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
        "status --json": (("status", "--json", *data), {}),
        "status --once": (("status", "--once", *data), {}),
        "diagnostics": (("diagnostics", "--out", str(folder / "ticket.zip"), *data), {}),
        "config": (("config", *policy), {}),
        "gaps": (("gaps", *policy, *data), {}),
        "check --json": (("check", "--json", *quick, *data, "--kibana", nobody, "--username", "u"), password),
        "run with a wrong policy": (("run", "--policy", str(wrong), *data), {}),
        "setup with a key": (("setup", "--elasticsearch", nobody), key),
        "setup with a password": (("setup", "--elasticsearch", job.url, "--username", "u"), password),
        "preview": (("preview", "--elasticsearch", nobody, "--out", str(folder / "page.html")), key),
    }
    answers = await asyncio.gather(
        *(command(*arguments, environment=environment) for arguments, environment in commands.values())
    )
    said = dict(zip(commands, answers, strict=True))
    with ZipFile(folder / "ticket.zip") as archive:
        said["diagnostics"] += "".join(archive.read(name).decode() for name in archive.namelist())
    async with aiohttp.ClientSession(daemon.watch.url) as session:
        for page in ("/metrics", "/healthz", "/readyz"):
            async with session.get(page) as answer:
                said[page] = await answer.text()
    process = Path(f"/proc/{daemon.process.pid}")
    said["arguments"], said["name of the process"] = (process / "cmdline").read_text(), (process / "comm").read_text()
    return said


def feed(job: LightJob) -> None:
    """Records, and what becomes a dead letter."""
    record = json.dumps(make_record("any"))
    for body in (f'{{"records":[{record},{record}]}}', '{"records":[1]}', "no JSON"):
        job.hub.append(HUB, "0", body.encode())


@pytest.mark.timeout(240)
async def test_no_secret_is_in_anything_that_is_said_written_or_sent(
    light_job: LightJob, policy: Path, canaries: Canaries, tmp_path: Path
) -> None:
    assert canaries.planted.keys() == secret_fields()
    daemon = await light_job.start(launcher=AT_DEBUG)
    await daemon.wait_to_say("stream starts")
    tapping = asyncio.create_task(command("tap", "--count", "3", "--data", str(light_job.data)))
    async with asyncio.timeout(60):
        while not tapping.done():
            feed(light_job)
            await asyncio.sleep(0.2)
    while not all(failure in daemon.text for failure in FAILURES):
        await daemon.wait_for_news()
    said = await say_all(light_job, daemon, canaries, tmp_path)
    said["tap"] = await tapping
    assert await daemon.stop() == 0
    said["log"] = daemon.text
    said["documents"] = json.dumps([*light_job.server.stored.values()], ensure_ascii=False)
    files = [path for path in sorted(light_job.data.rglob("*")) if path.is_file()]
    said["data folder"] = "".join(f"{path}\n{path.read_bytes().decode('latin-1')}\n" for path in files)

    assert {name for name, text in said.items() if text} == EXAMINED
    assert len(files) > 1
    assert len(canaries.planted) == len(secret_fields()) + len(OF_SETUP) > 25
    assert canaries.find_in(said) == []


def test_the_search_finds_a_canary_in_every_form(canaries: Canaries) -> None:
    """Also as a part of a longer text in base64."""
    canary = canaries.plant("field")
    for text in (*forms_of(canary), *(base64.b64encode(f"{'u' * n}:{canary}!".encode()).decode() for n in range(3))):
        assert canaries.find_in({"output": f"x {text} y"}) == ["output: field"]
    assert canaries.find_in({"output": canary[:-1]}) == []


def fail_with(policy: Policy) -> str:
    """A traceback with the values of all variables, as tools for debugging show it."""
    secrets = [value for output in policy.outputs.values() for value in vars(output).values()]
    try:
        raise RuntimeError("a fault of ours, with", secrets)  # noqa: TRY301 - it is what is looked at
    except RuntimeError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


async def test_no_traceback_with_the_values_of_its_variables_shows_a_secret(policy: Path, canaries: Canaries) -> None:
    """Where they are of the policy; a client of a third party holds what it sends."""
    told = fail_with(load_policy(policy, {}))

    assert "Secret('**********')" in told
    assert canaries.find_in({"traceback": told}) == []


def test_the_service_writes_no_memory_to_disk_when_it_dies() -> None:
    assert "LimitCORE=0" in UNIT.read_text(encoding="utf-8").splitlines()
