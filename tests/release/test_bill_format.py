"""S10 of the guarantees: the bill of materials is CycloneDX 1.5, by the published schema and not by ours."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from release.bill import make_bill

SCHEMAS = Path(__file__).parent / "cyclonedx"
NAMES = ("bom-1.5.SNAPSHOT.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """It refers to the other two by the names of their files."""
    read = {name: json.loads((SCHEMAS / name).read_text(encoding="utf-8")) for name in NAMES}
    named = [(f"http://cyclonedx.org/schema/{name}", Resource.from_contents(each)) for name, each in read.items()]
    registry: Registry[Any] = Registry().with_resources(named)
    return Draft7Validator(read[NAMES[0]], registry=registry)


def test_the_bill_is_what_the_schema_wants(schema: Draft7Validator) -> None:
    assert [error.message for error in schema.iter_errors(json.loads(make_bill()))] == []


def test_the_schema_would_refuse_another(schema: Draft7Validator) -> None:
    bill = json.loads(make_bill())
    bill["components"][0]["licenses"] = [{"license": {"id": "no-such-licence"}}]
    assert list(schema.iter_errors(bill))
