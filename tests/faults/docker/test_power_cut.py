"""The power goes while containers are replaced; what the engine says afterwards is settled against the record."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.invariants import broken
from support.second_engine import SecondEngine, second_engine
from support.second_site import SecondSite, Seen
from support.stories import of_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = pytest.mark.tier1

RELEASED = [Seen("prod-front", "2", "running", "healthy")]
MOMENTS = {
    "before": "before-intent:front.recreate",
    "effect": "after-effect:front.recreate",
    "durable": "after-durable:front.recreate",
    "outcome": "after-intent:front.healthy",
}
"""Where the daemon dies, and the power with it: before the recreate, after its effect, once that is durable, and once
its outcome is on record."""


@pytest.fixture(name="engine")
def _engine() -> Iterator[SecondEngine]:
    with second_engine() as engine:
        yield engine


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_right_container_runs_whenever_the_power_was_cut(
    engine: SecondEngine, tmp_path: Path, evidence: Evidence, moment: str
) -> None:
    """Rows 15 and 16: the engine forgets what it did not write, and the release ends as if nothing had happened."""
    site = SecondSite.create(engine, tmp_path)
    site.merge("1234", "2")
    daemon = site.daemon()
    daemon.start(MOMENTS[moment])
    site.client("run", "1234", "--detach")
    killed = daemon.wait_dead()
    engine.cut_power()
    engine.start()
    daemon.start()
    code = site.client("watch", "1234").returncode
    record = site.events("1234")
    daemon.end()
    evidence.fired()
    evidence.add(cuts=1)

    assert killed == -signal.SIGKILL
    assert code == 0, record[-1]
    assert site.containers() == RELEASED
    assert broken(site.remains()) == []
    assert [one["boot_id"] for one in of_type(record, "reconciled")] == [engine.host.boot_id]


# --- negative control --------------------------------------------------------------------------------------------

SERVE = "while :; do sleep 3600 & wait; done\n"
SYNC = "import sys; from released.adapters.commands.shim.flush import flush; flush(sys.argv[1:])"


@pytest.mark.parametrize("is_synced", [True, False], ids=["sound", "broken"])
def test_only_what_was_made_durable_is_there_after_a_power_cut(
    engine: SecondEngine, evidence: Evidence, *, is_synced: bool
) -> None:
    """Row 15: what Compose does to a container, and the flush that the shim has follow before it leaves the result."""
    engine.import_image("app:1", SERVE)
    engine.docker("run", "--detach", "--network=none", "--name=web", "app:1")
    subprocess.run(["sync", "--file-system", engine.docker_root], check=True)  # noqa: S607 (the system's own)
    engine.docker("stop", "--time=0", "web")
    engine.docker("rename", "web", "old_web")
    engine.docker("run", "--detach", "--network=none", "--name=web", "app:1")
    engine.docker("rm", "old_web")
    if is_synced:
        subprocess.run([*engine.host.enter, sys.executable, "-c", SYNC, f"{engine.host.disk}/docker"], check=True)
    engine.cut_power()
    engine.start()
    found = engine.docker("ps", "--all", "--format={{.Names}}").split()
    evidence.fired()
    evidence.add(cuts=1)

    if is_synced:
        assert found == ["web"]
    else:
        evidence.control("a recreate without a flush of the engine's disk", red=found != ["web"])
