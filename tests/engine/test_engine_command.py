"""``python -m collector.engine`` for people."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

pytestmark = pytest.mark.engine

NO_JOB = ("env", "--default-signal=INT")
"""A shell that runs the tests in the background has its jobs ignore Ctrl-C, and so would what they start."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_answers_and_a_signal_ends_it(engine_url: str, tmp_path: Path, number: signal.Signals) -> None:
    command = [*NO_JOB, sys.executable, "-m", "collector.engine", "--port", "0", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout
        address = re.search(r"http://127\.0\.0\.1:\d+", running.stdout.readline())
        assert address
        with Elasticsearch(address[0]) as client:
            assert client.cluster.health()["status"] == "green"
        running.send_signal(number)
        assert running.wait(30) == 0
