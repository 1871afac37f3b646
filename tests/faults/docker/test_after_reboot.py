"""The host is restarted in the middle of a release, orderly or not, and containers are not as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.invariants import broken
from support.second_engine import SecondEngine, second_engine
from support.second_site import SecondSite
from support.stories import of_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]

WARM = "packages/front/scripts/post_start_init.10-warm.sh"
FAILING = {WARM: "#!/bin/sh\nexit 7\n"}


@pytest.fixture(name="engine")
def _engine() -> Iterator[SecondEngine]:
    with second_engine() as engine:
        yield engine


def test_a_halted_release_has_its_containers_started_again_once_it_goes_on(
    engine: SecondEngine, tmp_path: Path, evidence: Evidence
) -> None:
    """Row 31: they have no restart policy, and until then a person may be at work on them."""
    site = SecondSite.create(engine, tmp_path)
    site.merge("1234", "2", FAILING)
    daemon = site.daemon()
    daemon.start()
    halted = site.client("run", "1234").returncode
    engine.reboot()
    engine.start()
    daemon.start()
    while_halted = site.containers()
    resumed = site.client("run", "1234", "--from=verify", "--reason", "warmed by hand").returncode
    record = site.events("1234")
    daemon.stop()
    (reconciled,) = of_type(record, "reconciled")
    evidence.fired()

    assert (halted, resumed) == (1, 0)
    assert [one.state for one in while_halted] == ["exited"]
    assert reconciled["settled"] == ["prod-front was started: it did not run after the restart of the host"]
    assert [one.state for one in site.containers()] == ["running"]
    assert broken(site.remains()) == []


def test_a_container_that_somebody_else_put_in_place_of_ours_holds_the_release_up(
    engine: SecondEngine, tmp_path: Path, evidence: Evidence
) -> None:
    """Row 31: the release halts and names it, and it runs on."""
    site = SecondSite.create(engine, tmp_path)
    site.merge("1234", "2")
    daemon = site.daemon()
    daemon.start("after-intent:front.pin-tag")
    site.client("run", "1234", "--detach")
    daemon.wait_dead()
    engine.reboot()
    engine.start()
    engine.docker("rm", "--force", "prod-front")
    stranger = engine.docker("run", "--detach", "--network=none", "--name=prod-front", "prod-front:1").strip()
    daemon.start()
    site.client("watch", "1234")
    failure = of_type(site.events("1234"), "halted")[-1]["failure"]
    daemon.stop()
    evidence.fired()

    assert failure["code"] == "effect_missing"
    assert "prod-front was run by hand" in failure["message"]
    assert engine.docker("ps", "--quiet", "--no-trunc").strip() == stranger
    assert broken(site.remains()) == []
