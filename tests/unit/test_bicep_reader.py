"""The reader of Bicep files that the tests use refuses what a compiler would refuse, as far as it goes."""

from pathlib import Path

import pytest
from plugins.bicep import BicepError, Expression, Loop, Template, read_template

GOOD = """\
@description('A list.')
param names array = [
  'a'
  'b'
]

var prefix = 'aoai'

resource hub 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: '${prefix}-hub'
  properties: {
    logs: [for each in names: {
      category: each
    }]
  }
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "main.bicep"


def read(path: Path, text: str) -> Template:
    path.write_text(text)
    template = read_template(path)
    assert template.used <= template.declared
    return template


def test_expressions_and_loops_have_the_value_that_they_have_in_a_deployment(path: Path) -> None:
    template = read(path, GOOD)
    assert template.value(template.resources["hub"].body) == {
        "name": "aoai-hub",
        "properties": {"logs": [{"category": "a"}, {"category": "b"}]},
    }
    assert template.parameters["names"].default == [Expression("'a'"), Expression("'b'")]
    assert isinstance(template.resources["hub"].body["properties"]["logs"], Loop)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("var prefix", "variable prefix"),
        ("array", "list"),
        ("  'b'\n]\n", "  'b'\n"),
        ("    }]\n  }\n}\n", "    }]\n  }\n"),
        ("'${prefix}-hub'", "'${prefix}-hub"),
        ("'${prefix}-hub'", "toLower('${prefix}-hub'"),
        ("'${prefix}-hub'", "'${prefiks}-hub'"),
        ("category: each", "category: other"),
        ("  properties: {", "  name: 'again'\n  properties: {"),
        ("category: each", "category = each"),
    ],
)
def test_what_is_wrong_is_refused(path: Path, right: str, wrong: str) -> None:
    assert right in GOOD
    with pytest.raises(BicepError):
        read(path, GOOD.replace(right, wrong))
