"""No way of printing, copying or dumping shows a secret."""

import copy
import dataclasses
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from collector.policy import Policy, PolicyError, Secret, render_effective

CANARY = "canary5ecret"
SECRET = Secret(CANARY)

WAYS: dict[str, Callable[[], str]] = {
    "repr": lambda: repr(SECRET),
    "str": lambda: str(SECRET),
    "format": lambda: f"{SECRET} {SECRET!r} {SECRET!s:>40}",
    "percent": lambda: "%s %r" % (SECRET, SECRET),  # noqa: UP031 - the old way is a way too
    "pprint": lambda: pprint.pformat({"a": [SECRET]}),
    "containers": lambda: repr([SECRET, {SECRET: SECRET}, (SECRET,)]),
    "deepcopy": lambda: repr(copy.deepcopy({"a": SECRET})),
    "copy": lambda: repr(copy.copy(SECRET)),
    "json with default": lambda: json.dumps({"a": SECRET}, default=str),
    "log record": lambda: logging.LogRecord("x", 10, "f", 1, "%s %r", (SECRET, SECRET), None).getMessage(),
    "dir": lambda: repr(dir(SECRET)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_does_not_print(way: str) -> None:
    assert CANARY not in WAYS[way]()


def test_a_secret_prints_as_asterisks() -> None:
    assert repr(SECRET) == "Secret('**********')"
    assert str(SECRET) == "**********"


def test_a_secret_reveals_itself_only_when_asked() -> None:
    assert SECRET.reveal() == CANARY


def test_a_secret_in_a_dataclass_is_masked_as_a_dictionary_too() -> None:
    holder = dataclasses.make_dataclass("Holder", [("key", Secret)])(SECRET)
    assert CANARY not in repr(dataclasses.asdict(holder))
    assert CANARY not in repr(holder)


@pytest.mark.parametrize("dump", [json.dumps, pickle.dumps, yaml.safe_dump])
def test_a_secret_cannot_be_dumped(dump: Callable[[object], object]) -> None:
    with pytest.raises((TypeError, yaml.YAMLError)) as caught:
        dump({"a": SECRET})
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_secrets_are_equal_when_their_values_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


ENVIRON = {
    "ES_PASSWORD": f"{CANARY}-1",
    "TENANT": f"{CANARY}-2",
    "HUB": f"Endpoint=sb://example.org/;SharedAccessKeyName=listen;SharedAccessKey={CANARY}-3",
    "STORAGE": f"AccountName=openaicheckpoints;AccountKey={CANARY}-4",
    "CLIENT_SECRET": f"{CANARY}-5",
    "PROXY_PASSWORD": f"{CANARY}-6",
    "SITE": f"{CANARY}-7",
    "SERVICE_TOKEN": f"{CANARY}-8",
    "CONTENT_HASH_KEY": f"{CANARY}-9-and-more",
}
EVERY_KEY = (Path(__file__).parent / "good" / "every-key.yml").read_text()


@pytest.fixture
def policy(load: Callable[..., Policy]) -> Policy:
    return load(EVERY_KEY, ENVIRON)


@pytest.mark.parametrize(
    "render",
    [repr, str, render_effective, Policy.model_dump_json, lambda policy: repr(policy.model_dump()), pprint.pformat],
    ids=["repr", "str", "effective", "json", "dump", "pprint"],
)
def test_no_rendering_of_a_policy_holds_a_secret(policy: Policy, render: Callable[[Policy], str]) -> None:
    assert CANARY not in render(policy)


def test_the_effective_policy_is_a_policy_but_for_its_secrets(policy: Policy, load: Callable[..., Policy]) -> None:
    """With its secrets put back as variables, what is printed loads as the same policy."""
    tree = yaml.safe_load(render_effective(policy))
    tree["outputs"]["main"]["password"] = "${env.ES_PASSWORD}"
    tree["outputs"]["main"]["headers"]["X-Tenant"] = "${env.TENANT}"
    tree["outputs"]["main"]["proxy_url"] = "http://aoai:${env.PROXY_PASSWORD}@proxy.example.org:3128"
    tree["outputs"]["main"]["proxy_headers"]["X-Site"] = "${env.SITE}"
    tree["outputs"]["cloud"]["service_token"] = "${env.SERVICE_TOKEN}"
    first, second = tree["inputs"][0]["streams"]
    first |= {"connection_string": "${env.HUB}", "storage_account_connection_string": "${env.STORAGE}"}
    first |= {"content_hash_key": "${env.CONTENT_HASH_KEY}"}
    second |= {"client_secret": "${env.CLIENT_SECRET}"}
    assert load(yaml.safe_dump(tree), ENVIRON) == policy


SECRET_PLACES = [
    "outputs: {default: {type: elasticsearch, hosts: a, api_key: CANARY}}",
    "outputs: {default: {type: elasticsearch, hosts: 'http://u:CANARY@a'}}",
    "outputs: {default: {type: elasticsearch, hosts: a, username: u, password: [CANARY]}}",
    "outputs: {default: {type: elasticsearch, hosts: a, username: u, password: {CANARY: CANARY}}}",
    "outputs: {default: {type: elasticsearch, hosts: a, headers: {a b: CANARY}}}",
    "outputs: {default: {type: elasticsearch, hosts: a, proxy_url: 'https://u:CANARY@proxy'}}",
    "outputs: {default: {type: elasticsearch, hosts: a, proxy_url: 'http://u:CANARY@proxy:port'}}",
    "outputs: {default: {type: elasticsearch, hosts: a, proxy_headers: {a b: CANARY}}}",
    "outputs: {default: {type: elasticsearch, hosts: a, service_token: [CANARY]}}",
    "outputs: {default: {type: elasticsearch, hosts: a, ssl: {key: CANARY, certificate: b}}}",
    "outputs: {default: {type: elasticsearch, hosts: a, apikey: CANARY, passwort: CANARY}}",
    "outputs: {default: {type: elasticsearch, hosts: a, password:CANARY, x: 1}}",
    "inputs: [{type: azure-eventhub, streams: [{eventhub: h, connection_string: CANARY}]}]",
    "inputs: [{type: azure-eventhub, streams: [{eventhub: h, connection_string: 'Endpoint=sb://a;CANARY'}]}]",
    "inputs: [{type: azure-eventhub, streams: [{eventhub: 'SharedAccessKey=CANARY'}]}]",
    "inputs: [{type: azure-eventhub, streams: [{eventhub: h, storage_account_key: CANARY}]}]",
    "inputs: [{type: azure-eventhub, streams: [{eventhub: h, prefetch: '${env.LEAK}'}]}]",
    "inputs: [{type: azure-eventhub, use_output: '${env.LEAK}', streams: []}]",
    "inputs: [{type: '${env.LEAK}', streams: []}]",
    "outputs: {a: {password: *CANARY}}",
    "outputs: {a: {password: !CANARY x}}",
    "outputs: {a: {password: @CANARY}}",
    "outputs: {a: {password: 'CANARY}}",
    "password: &CANARY x\n  CANARY: y",
    "CANARY",
]


@pytest.mark.parametrize("text", SECRET_PLACES)
def test_a_message_about_a_wrong_policy_holds_no_secret(text: str, load: Callable[..., Policy]) -> None:
    with pytest.raises(PolicyError) as caught:
        load(
            text.replace("CANARY", "Xq7canary5ecretVb93Lm2pTq8"), {"LEAK": f"Endpoint=sb://a;SharedAccessKey={CANARY}"}
        )
    error = caught.value
    assert CANARY not in error.render() + repr(error) + "".join(traceback.format_exception(error))
