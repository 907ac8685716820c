"""The pages about `setup` say what it does."""

import json
import re
from pathlib import Path
from typing import Any

from collector.assets.setup.elasticsearch.listing import KINDS
from collector.assets.setup.elasticsearch.roles import COLLECTOR, ROLES, normalise
from collector.assets.setup.kinds import Kind

DOCS = Path(__file__).resolve().parents[2] / "docs"
SETUP = (DOCS / "setup.md").read_text(encoding="utf-8")
PERMISSIONS = (DOCS / "elasticsearch-permissions.md").read_text(encoding="utf-8")


def only_json(page: str) -> Any:
    """The one JSON block of a page."""
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    return json.loads(block)


def test_the_page_of_permissions_shows_the_key_that_setup_makes() -> None:
    (role,) = only_json(PERMISSIONS)["role_descriptors"].values()
    assert normalise(role) == normalise(COLLECTOR)


def test_the_page_shows_the_role_that_setup_needs() -> None:
    shown, made = normalise(only_json(SETUP)), normalise(ROLES["aoai_setup"])
    assert (shown["cluster"], shown["indices"]) == (made["cluster"], made["indices"])


def test_the_page_names_every_kind_and_role_of_elasticsearch() -> None:
    named = set(re.findall(r"`([\w-]+)`", SETUP))
    # A data stream is rolled over or removed on request, and there is nothing of it to install.
    assert {kind.option for kind in KINDS if kind is not Kind.DATA_STREAM} | ROLES.keys() <= named


def test_the_collectors_role_forbids_what_it_does_not_need() -> None:
    (indices,) = COLLECTOR["indices"]
    assert set(indices["privileges"]).isdisjoint({"all", "delete", "index", "write", "manage", "delete_index"})
