"""Policies as files, with the mode that a test asks for."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from collector.policy import Policy, load_policy

type Load = Callable[..., Policy]


@pytest.fixture
def write_policy(tmp_path: Path) -> Callable[..., Path]:
    """Write a text as a policy file that only its owner can read, unless told otherwise."""

    def write(text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "policy.yml"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def load(write_policy: Callable[..., Path]) -> Load:
    """Load a text as a policy."""

    def load_text(text: str, environ: Mapping[str, str] | None = None, mode: int = 0o600) -> Policy:
        return load_policy(write_policy(text, mode), environ or {})

    return load_text
