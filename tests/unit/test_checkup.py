"""What is well, what deserves attention, and what would have a release refused."""

from __future__ import annotations

import datetime as dt

import pytest

from released.domain.environments import checkup
from released.domain.environments.checkup import Check

MIB, GIB = 1024**2, 1024**3
NOON = dt.datetime(2026, 5, 18, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("free", "total", "status"),
    [
        (199 * MIB, 1 * GIB, "failed"),
        (200 * MIB, 1 * GIB, "warning"),
        (2 * GIB, 10 * GIB, "ok"),
        (9 * GIB, 100 * GIB, "warning"),
        (10 * GIB, 100 * GIB, "ok"),
    ],
)
def test_space_is_judged_by_what_is_left_and_by_its_share(free: int, total: int, status: str) -> None:
    assert checkup.space("the record", "/var/lib/released", free, total).status == status


@pytest.mark.parametrize(
    ("newest", "status"),
    [
        (None, "ok"),
        (NOON - dt.timedelta(hours=1), "ok"),
        (NOON + dt.timedelta(seconds=1), "ok"),
        (NOON + dt.timedelta(seconds=2), "failed"),
    ],
)
def test_a_clock_behind_the_record_is_wrong(newest: dt.datetime | None, status: str) -> None:
    assert checkup.clock_after_record(NOON, newest).status == status


@pytest.mark.parametrize(("seconds", "status"), [(5, "ok"), (-5, "ok"), (6, "warning"), (-6, "warning")])
def test_a_clock_that_differs_from_the_engines_deserves_attention(seconds: int, status: str) -> None:
    assert checkup.clock_of_engine(NOON, NOON + dt.timedelta(seconds=seconds)).status == status


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (checkup.private_folder("/s", 0o700), "ok"),
        (checkup.private_folder("/s", 0o750), "failed"),
        (checkup.secret_file("/.env", 0o640), "ok"),
        (checkup.secret_file("/.env", 0o644), "failed"),
        (checkup.socket_mode("/r.sock", 0o660, 0o660, "ops"), "ok"),
        (checkup.socket_mode("/r.sock", 0o666, 0o666, "ops"), "warning"),
        (checkup.socket_mode("/r.sock", 0o666, 0o660, "ops"), "failed"),
        (checkup.engine_version("20.10.24+dfsg1"), "ok"),
        (checkup.engine_version("19.03.1"), "warning"),
        (checkup.engine_version("dev"), "ok"),
        (checkup.receiver("", None, 0), "ok"),
        (checkup.receiver("HTTP 204", None, 0), "ok"),
        (checkup.receiver("HTTP 503", NOON, 2), "warning"),
        (checkup.store_settings("wal", 2), "ok"),
        (checkup.store_settings("wal", 1), "failed"),
        (checkup.store_settings("delete", 2), "failed"),
        (checkup.store_integrity("/db", "ok"), "ok"),
        (checkup.store_integrity("/db", "row 3 missing"), "failed"),
    ],
)
def test_permissions_versions_and_the_store_are_judged(check: Check, status: str) -> None:
    assert check.status == status


@pytest.mark.parametrize("check", [checkup.private_folder("/s", 0o750), checkup.space("x", "/s", 0, GIB)])
def test_what_is_not_well_comes_with_its_fix(check: Check) -> None:
    assert check.fix


def test_what_is_well_has_no_fix() -> None:
    assert checkup.private_folder("/s", 0o700).fix == ""


def test_the_group_that_may_talk_to_the_daemon_is_named() -> None:
    assert checkup.socket_mode("/r.sock", 0o660, 0o660, "ops").finding == (
        "/r.sock is open to its group, ops, only (mode 0660)."
    )


HERE, THERE = "a" * 40, "b" * 40


@pytest.mark.parametrize("last", [None, HERE])
def test_a_checkout_that_the_record_knows_nothing_else_of_is_well(last: str | None) -> None:
    assert checkup.checkout_on_record("/opt/ops", HERE, last, contained=True).status == "ok"


def test_a_checkout_that_was_moved_on_may_be_a_release_by_hand() -> None:
    check = checkup.checkout_on_record("/opt/ops", HERE, THERE, contained=True)
    assert (check.status, check.finding) == (
        "warning",
        "/opt/ops stands at aaaaaaaaaaaa, the record has it at bbbbbbbbbbbb: it was moved by hand.",
    )
    assert f"releasectl adopt TICKET --base {THERE} --merge {HERE} --reason TEXT" in check.fix
    assert check.fix.endswith(f"git -C /opt/ops reset --hard {THERE}")


def test_a_checkout_that_was_moved_elsewhere_is_only_taken_back() -> None:
    fix = checkup.checkout_on_record("/opt/ops", HERE, THERE, contained=False).fix
    assert fix == f"git -C /opt/ops reset --hard {THERE}"
