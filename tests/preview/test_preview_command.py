"""`aoai-collector preview` as people start it: what it writes, and what it says when it cannot."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from collector.scenario import Ledger


def preview(*options: str | Path, url: str = "http://127.0.0.1:9") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "collector", "preview", "--elasticsearch", url, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.engine
def test_a_page_and_pictures_of_live_data_are_written_and_named(
    engine_url: str, scenario_namespace: str, ledger: Ledger, tmp_path: Path
) -> None:
    out, pictures = tmp_path / "new" / "page.html", tmp_path / "pictures"
    end = ledger.end - timedelta(minutes=1)
    options = ("--dashboard", "aoai-overview", "--from", ledger.start.isoformat(), "--to", end.isoformat())
    ended = preview(*options, "--out", out, "--png", pictures, url=engine_url)
    files = [out, pictures / "aoai-overview-light.png", pictures / "aoai-overview-dark.png"]
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, [str(path) for path in files], "")
    assert "<title>[Azure OpenAI] Overview</title>" in out.read_text(encoding="utf-8")
    assert [path.read_bytes()[:4] for path in files[1:]] == [b"\x89PNG"] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dashboard", "nothing"), "there is no dashboard 'nothing'; there are: aoai-overview"),
        (("--from", "yesterday"), "'yesterday' is no time: write 2026-03-10T09:00, 2026-03-10, now or now-24h"),
        (("--from", "now", "--to", "now-1h"), "the range ends at now-1h, which is not after its start, now"),
        ((), "Elasticsearch does not answer as it should: "),
        (("--username", "elastic"), "--username needs a password: set AOAI_SETUP_PASSWORD in the environment"),
    ],
    ids=["unknown dashboard", "no time", "backwards", "no server", "no password"],
)
def test_what_stands_in_the_way_is_said_in_one_line(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    ended = preview(*options, "--out", tmp_path / "page.html")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {message}")
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.engine
def test_a_file_that_cannot_be_written_is_named(engine_url: str, scenario_namespace: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = preview("--out", tmp_path / "file" / "page.html", url=engine_url)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {tmp_path / 'file'}")
    assert "Traceback" not in ended.stderr
