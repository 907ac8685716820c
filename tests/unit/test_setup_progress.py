"""However a run of `setup` ends, what it did is told."""

import io

import pytest
from rich.console import Console

from collector.assets.setup.asset import AssetId
from collector.assets.setup.kinds import Kind
from collector.assets.setup.plan import Outcome, Result
from collector.commands.setup_pages import Progress
from collector.policy.secret import Secret


def take_steps(console: Console) -> None:
    with Progress(console) as progress:
        progress.add(Result(AssetId(Kind.ROLE, "aoai_setup"), Outcome.UNCHANGED))
        progress.add(Result(AssetId(Kind.API_KEY, "aoai-collector"), Outcome.CREATED, secret=Secret("id:key")))
        raise KeyboardInterrupt


def test_a_key_that_was_made_is_shown_though_the_run_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    page = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        take_steps(Console(file=page, width=100))
    assert capsys.readouterr().out.splitlines()[-1] == "id:key"
    assert "1 created, 1 unchanged" in page.getvalue()
