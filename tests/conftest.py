"""Plugins and options that all folders of tests share."""

import signal

import pytest

pytest_plugins = [
    "plugins.azure_monitor",
    "plugins.azure_sdk",
    "plugins.azurite",
    "plugins.browser",
    "plugins.daemon",
    "plugins.drawn",
    "plugins.endpoint_days",
    "plugins.elastic_agent",
    "plugins.engine",
    "plugins.foreign_clients",
    "plugins.installed",
    "plugins.kibana",
    "plugins.light_job",
    "plugins.metrics_input",
    "plugins.metrics_job",
    "plugins.raw_peer",
    "plugins.rule_days",
    "plugins.readings",
    "plugins.scenario",
    "plugins.schedules",
    "plugins.secured_elasticsearch",
    "plugins.tls_server",
    "plugins.upkeep",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the fault tests at their full size")
    parser.addoption("--workers", type=int, default=1, help="how many worker processes each daemon has")
    parser.addoption(
        "--security-engine", action="store_true", help="run what needs a real Elasticsearch with security (826 MB once)"
    )


def pytest_configure() -> None:
    """Let programs that tests begin take Ctrl+C: begun in the background, a shell has it ignored by all below it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def full_size(pytestconfig: pytest.Config) -> bool:
    """Whether fault tests run at the size that docs/guarantees.md quotes."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
def workers(pytestconfig: pytest.Config) -> int:
    """How many worker processes each daemon has: ``agent.workers`` of its policy."""
    return int(pytestconfig.getoption("--workers"))
