"""S11 of the guarantees: nothing can be reached from another machine unless somebody said so.

What a process listens on is read from the kernel (proc(5), net/tcp and net/unix), whatever it says itself.
"""

import asyncio
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins.daemon import PARTITIONS, Daemon
from plugins.feeding import feed
from plugins.light_job import LightJob

_TCP_LISTENS = "0A"
_UDP_WAITS_FOR_ANYBODY = "07"
_UNIX_LISTENS = 0x10000
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Listeners:
    """What processes listen on: addresses of the network, and names of Unix sockets."""

    addresses: set[IPv4Address | IPv6Address]
    sockets: list[str]


def listeners_of(*pids: int) -> Listeners:
    addresses = {address for pid in pids for address in addresses_of(pid)}
    return Listeners(addresses, sorted(name for pid in pids for name in sockets_of(pid)))


def addresses_of(pid: int) -> Iterator[IPv4Address | IPv6Address]:
    open_here = inodes_of(pid)
    for table in ("tcp", "tcp6", "udp", "udp6"):
        wanted = _TCP_LISTENS if table.startswith("tcp") else _UDP_WAITS_FOR_ANYBODY
        for row in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            _, local, _, state, *others = row.split()
            if state == wanted and others[5] in open_here:
                yield parse(local.partition(":")[0])


def parse(text: str) -> IPv4Address | IPv6Address:
    """Words of four bytes, each in the order of this machine."""
    words = [int(text[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(text), 8)]
    return IPv4Address(words[0]) if len(words) == 1 else IPv6Address(b"".join(words))


def sockets_of(pid: int) -> Iterator[str]:
    """The kernel keeps the path that was bound, which may lead through a descriptor of the process: only the name."""
    open_here = inodes_of(pid)
    for row in Path(f"/proc/{pid}/net/unix").read_text(encoding="utf-8").splitlines()[1:]:
        fields = row.split()
        if int(fields[3], 16) & _UNIX_LISTENS and fields[6] in open_here:
            yield Path(fields[7]).name


def inodes_of(pid: int) -> set[str]:
    found: set[str] = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    return found


async def start_with(job: LightJob, **http: Any) -> Daemon:
    """Start it with these keys of ``agent.monitoring.http``, and wait until it reads the hub."""
    policy = yaml.safe_load(job.write_policy().read_text(encoding="utf-8"))
    policy["agent"]["monitoring"]["http"] = {"port": 0} | http
    job.policy.write_text(yaml.safe_dump(policy), encoding="utf-8")
    feed(job.hub, PARTITIONS, 1)
    daemon = await job.start()
    await daemon.wait_to_say("partition claimed")
    return daemon


async def test_by_default_it_listens_on_loopback_and_on_a_socket_of_its_owner(light_job: LightJob) -> None:
    daemon = await start_with(light_job)
    await daemon.wait_to_settle(PARTITIONS)

    listeners = listeners_of(*daemon.processes.values())

    assert listeners.addresses
    assert {address for address in listeners.addresses if not address.is_loopback} == set()
    sockets = sorted(path for path in light_job.data.rglob("*") if path.is_socket())
    assert "control.sock" in listeners.sockets
    assert sorted(path.name for path in sockets) == listeners.sockets
    for status in (path.stat() for path in sockets):
        assert (status.st_uid, stat.S_IMODE(status.st_mode) & 0o077) == (os.geteuid(), 0)


async def test_without_its_pages_it_listens_on_no_network_at_all(light_job: LightJob) -> None:
    daemon = await start_with(light_job, enabled=False)

    listeners = listeners_of(*daemon.processes.values())

    assert listeners.addresses == set()
    assert "control.sock" in listeners.sockets


async def test_it_listens_on_every_address_when_the_policy_says_so(light_job: LightJob) -> None:
    daemon = await start_with(light_job, host="0.0.0.0")  # noqa: S104 - that this shows is what is tested
    await daemon.wait_to_say("monitoring listens")

    assert IPv4Address("0.0.0.0") in listeners_of(*daemon.processes.values()).addresses  # noqa: S104 - as above


@pytest.mark.parametrize("emulator", ["event-hubs", "entra", "azure-monitor", "kibana"])
async def test_an_emulator_listens_on_loopback(emulator: str) -> None:
    command = [sys.executable, "-m", "collector", "emulate", emulator, "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            assert await process.stdout.readline()
        listeners = listeners_of(process.pid)
    finally:
        process.kill()
        await process.communicate()

    assert listeners.addresses
    assert {address for address in listeners.addresses if not address.is_loopback} == set()
