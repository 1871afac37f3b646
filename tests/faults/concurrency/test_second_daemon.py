"""Two daemons that want the same store, the same checkout, or the same names of containers on one engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from support.bare_environment import BareEnvironment
from support.ops_repo import OpsRepo
from support.rivals import SERVICE, rival, started_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.evidence import Evidence

RACES = 50
SHARED = ("store", "checkout", "engine")
UNLOCKED = """\
from released import held_file
from released.adapters.docker import prefix_owner
held_file._take = lambda *_: None
prefix_owner._name = lambda *_: ""
"""
"""A daemon that takes no lock: an empty name has the kernel choose one."""


def _made(home: Path) -> BareEnvironment:
    """Make an environment with a service; no daemon runs yet."""
    environment = BareEnvironment(home)
    environment.ops.commit(SERVICE, "A service")
    environment.ops.git("pull", "--quiet")
    return environment


@pytest.fixture(name="prepared")
def _prepared(tmp_path: Path) -> Iterator[BareEnvironment]:
    """One whose daemon never ran."""
    environment = _made(tmp_path / "first")
    yield environment
    environment.cleanup()


@pytest.fixture(name="environment")
def _environment(prepared: BareEnvironment) -> Iterator[BareEnvironment]:
    with prepared:
        yield prepared


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    """One for tests that leave its daemon unharmed."""
    with _made(tmp_path_factory.mktemp("served")) as environment:
        yield environment


def _rival(environment: BareEnvironment, shared: str, name: str = "rival", broken: str = "") -> Daemon:
    """Give a daemon that shares one thing with the first."""
    match shared:
        case "store":
            return rival(environment, name, store=environment.database, broken=broken)
        case "checkout":
            return rival(environment, name, repo=environment.ops.checkout, broken=broken)
        case _:
            checkout = environment.home / name / "repos" / "checkout"
            if not checkout.exists():
                OpsRepo.create(checkout.parent, SERVICE)
                (checkout / ".env").write_text(environment.dotenv, encoding="ascii")
            return rival(environment, name, repo=checkout, broken=broken)


@pytest.mark.parametrize("shared", SHARED)
def test_a_second_daemon_is_refused_and_names_the_first(
    served: BareEnvironment, shared: str, evidence: Evidence
) -> None:
    """Row 38: whatever two daemons would share, the second one ends with code 2 and harms nobody."""
    second = _rival(served, shared, f"second-on-{shared}")

    code = second.start_and_die("")

    assert (code, f"pid {served.daemon.process.pid}" in second.log) == (2, True), second.log
    assert served.client("status").returncode == 0
    evidence.fired()


@pytest.mark.parametrize("shared", ["checkout", "engine"])
def test_two_environments_of_one_daemon_are_refused(prepared: BareEnvironment, shared: str, evidence: Evidence) -> None:
    """Row 38: one daemon is no exception, also where a checkout goes by two names."""
    environment = prepared
    other = environment.home / "other"
    if shared == "checkout":
        other.symlink_to(environment.ops.checkout)
    else:
        OpsRepo.create(environment.home / "others", SERVICE).checkout.rename(other)
        (other / ".env").write_text(environment.dotenv, encoding="ascii")
    document = yaml.safe_load(environment.config.read_text(encoding="utf-8"))
    document["environments"]["other"] = {"repo": str(other)}
    environment.config.write_text(yaml.safe_dump(document), encoding="utf-8")

    code = environment.daemon.start_and_die("")

    assert (code, "in use by another" in environment.daemon.log or "belong to another" in environment.daemon.log) == (
        2,
        True,
    )
    evidence.fired()


@pytest.mark.parametrize("shared", ["checkout", pytest.param("engine", marks=pytest.mark.tier1)])
def test_what_a_daemon_holds_is_free_with_its_death(
    environment: BareEnvironment, shared: str, evidence: Evidence
) -> None:
    """Rows 1 and 38: nobody has to remove anything."""
    environment.daemon.kill()
    second = _rival(environment, shared)
    codes = started_at_once([second])
    evidence.fired()
    second.end()
    assert codes == [None]


def test_the_file_in_the_checkout_names_who_holds_it(served: BareEnvironment) -> None:
    holder = json.loads((served.ops.checkout / ".git/released/owner").read_bytes())
    assert holder["pid"] == served.daemon.process.pid
    assert (holder["environment"], holder["state"]) == ("prod", str(served.database.parent))


@pytest.mark.tier1
@pytest.mark.parametrize("shared", SHARED)
def test_without_its_lock_a_second_daemon_serves(environment: BareEnvironment, shared: str, evidence: Evidence) -> None:
    """Row 38: the negative control, a daemon that takes no lock."""
    second = _rival(environment, shared, broken=UNLOCKED)
    codes = started_at_once([second])
    evidence.fired()
    second.end()
    evidence.control(f"two daemons on one {shared}, no lock", red=codes == [None])


@pytest.mark.tier1
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("shared", "races"), [("store", RACES), ("checkout", 10), ("engine", 10)])
def test_of_two_that_start_at_once_exactly_one_serves(
    environment: BareEnvironment, shared: str, races: int, evidence: Evidence
) -> None:
    """Row 38: each time one of them serves, the other names it, and both are killed before the next race."""
    environment.daemon.stop()
    rivals = [_rival(environment, shared, name) for name in ("one", "two")]
    for _ in range(races):
        codes = started_at_once(rivals)
        winner, loser = (rivals[codes.index(None)], rivals[codes.index(2)])
        assert sorted(map(str, codes)) == ["2", "None"]
        assert f"pid {winner.process.pid}" in loser.log.splitlines()[-1]
        winner.kill()
        evidence.fired()
    evidence.add(races=races)
