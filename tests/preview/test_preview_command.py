"""`aoai-collector preview` as people start it: what it writes, and what it says when it cannot."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.scenario import Ledger

NOBODY = "http://127.0.0.1:9"


def arguments(url: str, *options: str | Path) -> list[str]:
    return ["preview", "--elasticsearch", url, *map(str, options)]


def run_here(url: str, *options: str | Path) -> tuple[int, str]:
    """Run the command in this process, which is quicker; give its exit code and what it says of an error."""
    ended = CliRunner().invoke(app, arguments(url, *options))
    return ended.exit_code, ended.stderr


@pytest.mark.engine
def test_a_page_and_pictures_of_live_data_are_written_and_named(
    engine_url: str, scenario_namespace: str, ledger: Ledger, tmp_path: Path
) -> None:
    out, pictures = tmp_path / "new" / "page.html", tmp_path / "pictures"
    end = ledger.end - timedelta(minutes=1)
    options = ("--dashboard", "aoai-overview", "--from", ledger.start.isoformat(), "--to", end.isoformat())
    command = [sys.executable, "-m", "collector", *arguments(engine_url, *options, "--out", out, "--png", pictures)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    files = [out, pictures / "aoai-overview-light.png", pictures / "aoai-overview-dark.png"]
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, [str(path) for path in files], "")
    assert "<title>[Azure OpenAI] Overview</title>" in out.read_text(encoding="utf-8")
    assert [path.read_bytes()[:4] for path in files[1:]] == [b"\x89PNG"] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dashboard", "nothing"), "there is no dashboard 'nothing'; there are: aoai-"),
        (("--from", "yesterday"), "'yesterday' is no time: write 2026-03-10T09:00, 2026-03-10, now or now-24h"),
        (("--from", "now", "--to", "now-1h"), "the range ends at now-1h, which is not after its start, now"),
        ((), "Elasticsearch does not answer as it should: "),
        (("--username", "elastic"), "--username needs a password: set AOAI_SETUP_PASSWORD in the environment"),
    ],
    ids=["unknown dashboard", "no time", "backwards", "no server", "no password"],
)
def test_what_stands_in_the_way_is_said_in_one_line(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    code, said = run_here(NOBODY, *options, "--out", tmp_path / "page.html")
    assert code == 1
    assert said.startswith(f"error: {message}")
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.engine
def test_a_file_that_cannot_be_written_is_named(engine_url: str, scenario_namespace: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = run_here(engine_url, "--out", tmp_path / "file" / "page.html")
    assert code == 1
    assert said.startswith(f"error: {tmp_path / 'file'}")


def test_an_installation_without_dashboards_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("collector.preview.gathering.load_dashboards", tuple)
    assert run_here(NOBODY, "--out", tmp_path / "page.html") == (1, "error: this installation has no dashboards\n")
