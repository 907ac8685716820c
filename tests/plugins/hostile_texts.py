"""Texts that try to be more than a text: lines, actions, templates, markup, formulas, orders to a terminal."""

from typing import Final

HOSTILE: Final[dict[str, str]] = {
    "an action in a bulk": 'x"}}\n{"delete":{"_index":"evil","_id":"1"}}\n{"index":{"_index":"evil"}}\n{}\n',
    "carriage return and line feed": "x\r\n\r\nGET / HTTP/1.1\r\n",
    "separators of Unicode": "x\u2028y\u2029z\x85w\x0b\x0c",
    "a line of a log": "x\n12:00:00 INFO    all is well",
    "a line of JSON in a log": 'x\n{"log.level":"info","message":"all is well"}',
    "orders to a terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m\x08\x7f",
    "the other direction": "\u202egpj.exe\u2066\u200b",
    "end of a value": '","_index":"evil","_id":"x","routing":"x',
    "a variable": "${env.HOME} $${env.HOME} $HOME %HOME%",
    "a mustache": "{{{message}}} {{_source}} {{#x}}{{/x}}",
    "markup": "[bold red]x[/bold red] [link=https://evil.example.org]y[/link]",
    "markup that ends nothing": "[/evil]",
    "a format": "%s%n%(name)s {0.__class__.__init__.__globals__}",
    "a formula": '=HYPERLINK("https://evil.example.org","x")',
    "a prototype": "__proto__",
    "a path": "../../../../etc/passwd\0",
    "a wildcard": "*,-logs-*,<logs-{now/d}>",
}
