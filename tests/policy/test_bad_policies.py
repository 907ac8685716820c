"""Every file in `bad/` has its exact message beside it; the text of the message is the specification."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from collector.policy import PolicyError, load_policy

BAD = Path(__file__).parent / "bad"
CASES = sorted(BAD.glob("*.yml"))

# What the files' variables hold. No value of it may be in a message.
ENVIRON: Mapping[str, str] = {
    "HUB": "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=canary",
    "API_KEY": "id:canary",
    "WRONG_KEY": "canary",
    "PASSWORD": "canary-of-the-environment",
    "STORAGE": "DefaultEndpointsProtocol=https;AccountName=examplestorage;AccountKey=canary;EndpointSuffix=example.org",
}


def explain(case: Path, folder: Path) -> str:
    """Return the message for the file, copied with the mode that its first line asks for (0600 without one)."""
    policy = folder / "policy.yml"
    data = case.read_bytes()
    policy.write_bytes(data)
    mode = re.match(rb"# mode: (0[0-7]{3})", data)
    policy.chmod(int(mode[1], 8) if mode else 0o600)
    with pytest.raises(PolicyError) as caught:
        load_policy(policy, ENVIRON)
    return caught.value.render().replace(f"{policy}:", "policy.yml:") + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_bad_policy_is_explained_in_these_words(case: Path, tmp_path: Path) -> None:
    assert explain(case, tmp_path) == case.with_suffix(".txt").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_no_message_holds_a_secret(case: Path, tmp_path: Path) -> None:
    assert "canary" not in explain(case, tmp_path)


def test_there_are_at_least_forty_bad_policies() -> None:
    assert len(CASES) >= 40


def test_every_message_belongs_to_a_policy() -> None:
    assert {case.stem for case in CASES} == {message.stem for message in BAD.glob("*.txt")}
