"""Failures of the checkout, of scripts and of the range: each is really produced, and its playbook is found first."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.playbook_matches import seen
from support.playbook_repair import Failed, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.site import Site

HELLO = "#!/bin/sh\necho hello\n"


def _dirty(site: Site) -> None:
    (site.ops.checkout / "README.md").write_text("work of a colleague\n", encoding="utf-8")


def _pulled(site: Site) -> None:
    site.merge("1234", {"releases/1234-hello.sh": HELLO})
    site.git("pull", "--quiet", "--ff-only")


def _unmerged(_site: Site) -> None:
    """Nothing is on the branch that is not here."""


def _unmapped(site: Site) -> None:
    site.merge("1234", {"shared/theme/colours.css": "a {}\n"})


def _script(lines: str) -> Callable[[Site], None]:
    def prepare(site: Site) -> None:
        site.merge("1234", {"releases/1234-work.sh": f"#!/bin/bash\n{lines}\n"})

    return prepare


def _silent_port(site: Site) -> None:
    """Have the script talk to a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (site.ops.checkout / ".asd").mkdir()
    (site.ops.checkout / ".asd" / "port").write_text(str(port), encoding="ascii")
    _script("exec 3<>/dev/tcp/127.0.0.1/$(cat .asd/port)")(site)


def _listens(site: Site) -> None:
    port = int((site.ops.checkout / ".asd" / "port").read_text(encoding="ascii"))
    CLOSING.enter_context(socket.create_server(("127.0.0.1", port)))


def _nothing(_site: Site) -> None:
    """Nothing is to be done by hand."""


def _committed_elsewhere(site: Site) -> None:
    site.git("checkout", "--", "README.md")


def _merged(site: Site) -> None:
    site.merge("1234", {"releases/1234-hello.sh": HELLO})


def _set_in_env(site: Site) -> None:
    (site.ops.checkout / ".env").write_text("NOBODY_SET_THIS=now\n", encoding="utf-8")


def _full(site: Site) -> None:
    """Give the script a disk of its own, which it fills."""
    disk = site.ops.checkout / ".asd" / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    CLOSING.callback(lambda: subprocess.run(["/bin/umount", "--lazy", str(disk)], capture_output=True, check=False))
    _script("cat /dev/zero > .asd/disk/import")(site)


def _made_room(site: Site) -> None:
    subprocess.run(["/bin/umount", str(site.ops.checkout / ".asd" / "disk")], check=True)


class Case(NamedTuple):
    """A failure that is really produced, and what is done about it besides what its playbook runs."""

    fail: Callable[[Site], None]
    by_hand: Callable[[Site], None] = _nothing
    given: tuple[str, ...] = ()


CLOSING = ExitStack()
"""What ends with the module."""

FAILURES: dict[str, Case] = {
    "working-tree-dirty": Case(_dirty, _committed_elsewhere),
    "pulled-by-hand": Case(_pulled),
    "pull-request-not-merged": Case(_unmerged, _merged),
    "run-exit-5-with-drift": Case(_unmapped),
    "script-failed": Case(_script("echo 'the moon stands wrong' >&2\nexit 3")),
    "stale-credential": Case(
        _script("test -e .asd/key || { echo 'HTTP/1.1 403 Forbidden'; exit 22; }"), given=("service=wiki",)
    ),
    "script-variable-unset": Case(_script('set -u\necho "$NOBODY_SET_THIS"'), _set_in_env),
    "network-unreachable": Case(_silent_port, _listens),
    "disk-full": Case(_full, _made_room),
}
WIKI = {"packages/wiki/scripts/ensure-config.sh": "#!/bin/sh\nmkdir -p .asd\n> .asd/key\n"}


@pytest.fixture(scope="module", name="failures")
def _failures(new_site: Callable[..., Site]) -> Iterator[Failures]:
    with CLOSING:
        yield Failures(new_site)


class Failures(dict[str, Failed]):
    """Each failure, by the playbook that should tell of it; produced when it is first asked for."""

    def __init__(self, new_site: Callable[..., Site]) -> None:
        super().__init__()
        self._new_site = new_site

    def __missing__(self, playbook: str) -> Failed:
        """Produce a failure."""
        site, case = self._new_site(WIKI), FAILURES[playbook]
        case.fail(site)
        self[playbook] = failed(site.client, playbook, lambda: case.by_hand(site), "run", "1234", given=case.given)
        return self[playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first(failures: Failures, playbook: str) -> None:
    assert failures[playbook].seen.sighted[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_playbook_of_a_failure_is_found_first_from_its_text_alone(failures: Failures, playbook: str) -> None:
    assert failures[playbook].seen.blind[:1] == [playbook]


@pytest.mark.parametrize("playbook", FAILURES)
def test_the_detection_of_a_playbook_finds_what_it_expects(failures: Failures, playbook: str) -> None:
    assert failures[playbook].repair.detected


@pytest.mark.parametrize("playbook", FAILURES)
def test_a_playbook_is_applied_and_what_proves_it_passes(failures: Failures, playbook: str) -> None:
    applied = failures[playbook].repair.applied

    assert applied.returncode == 0, applied.stdout + applied.stderr


def test_of_a_script_that_fails_for_a_reason_nobody_knows_only_that_it_failed_is_known(
    failures: Failures,
) -> None:
    assert failures["script-failed"].seen == (["script-failed"], ["script-failed"])


def test_a_failure_that_nobody_knows_has_no_playbook(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.git("checkout", "--quiet", "--detach")

    found = seen(site.client, "1234", site.client("run", "1234"))

    assert found == ([], [])
    assert "No playbook tells of the failure of ticket 1234." in site.client("playbook", "match", "1234").stderr


def test_a_release_without_a_failure_has_nothing_to_match(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.merge("1234", {"releases/1234-hello.sh": HELLO})
    assert site.client("run", "1234").returncode == 0

    answer = site.client("playbook", "match", "1234")

    assert answer.returncode == 4
    assert "No failure is on record of ticket 1234" in answer.stderr
