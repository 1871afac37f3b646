"""Remotes that changed their history, lost it, break off or ask for a password."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from released.adapters.git.processes import git_processes_in
from support.asking_remote import asking_remote
from support.fresh_sites import served_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.evidence import Evidence
    from support.site import Site

SCRIPT = {"releases/1-a.sh": "#!/bin/sh\n"}


@pytest.fixture(scope="module", name="fresh")
def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    with served_sites(tmp_path_factory.mktemp("sites"), 8, git={"allow_protocols": ["file", "git", "http"]}) as served:
        yield served[1]


def test_a_branch_that_was_pushed_by_force_is_refused_with_the_commits_of_both_sides(
    fresh: Callable[[], Site], evidence: Evidence
) -> None:
    """Row 36: the remote's branch was rewritten under the checkout."""
    site = fresh()
    gone = site.ops.commit({"a": "1"}, "To be rewritten")
    site.git("pull", "--quiet")
    site.ops.git("reset", "--quiet", "--hard", "HEAD~1", cwd=site.ops.developer)
    site.ops.git("push", "--quiet", "--force", "origin", "main", cwd=site.ops.developer)
    instead = site.ops.commit(SCRIPT, "Instead of it")

    refusal = site.refuses("run", "1")

    assert refusal.reason == "diverged"
    assert f"only here: {gone[:12]}" in refusal.message
    assert f"only in origin/main: {instead[:12]}" in refusal.message
    evidence.fired()


def test_a_remote_without_any_commit_is_refused_in_the_words_of_git(
    fresh: Callable[[], Site], evidence: Evidence
) -> None:
    """Row 36: an empty remote."""
    site = fresh()
    empty = site.ops.origin.with_name("empty.git")
    site.git("init", "--quiet", "--bare", str(empty))
    site.git("remote", "set-url", "origin", str(empty))

    refusal = site.refuses("run", "1")

    assert (refusal.reason, "couldn't find remote ref refs/heads/main" in refusal.message) == ("fetch_failed", True)
    evidence.fired()


def test_a_shallow_checkout_is_released_and_taken_back(fresh: Callable[[], Site], evidence: Evidence) -> None:
    """Row 36: a clone of one commit, which has none of what was before."""
    site = fresh()
    site.ops.commit({"a": "1"}, "A second commit")
    site.git("pull", "--quiet")
    base = site.ops.head()
    site.git("fetch", "--quiet", "--depth=1", site.ops.origin.as_uri(), "main")
    (site.ops.checkout / ".git/shallow").write_text(f"{base}\n")
    site.merge("1", SCRIPT)

    codes = [site.client(*command).returncode for command in (("run", "1"), ("revert", "1", "--yes"))]

    assert codes == [0, 0]
    assert site.git("rev-parse", "HEAD^{tree}") == site.git("rev-parse", f"{base}^{{tree}}")
    evidence.fired(int(site.git("rev-parse", "--is-shallow-repository") == "true"))


@pytest.mark.parametrize(
    "said", [b"", b"0032", b"003eERR upload-pack: not our ref"], ids=["nothing", "half", "nonsense"]
)
def test_a_remote_that_dies_while_it_answers_is_refused_and_leaves_no_process(
    fresh: Callable[[], Site], said: bytes, evidence: Evidence
) -> None:
    """Row 37: the connection ends before, in the middle of, and after a few words."""
    site, heard = fresh(), list[bytes]()
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_die, args=(server, said, heard), daemon=True).start()
        site.git("remote", "set-url", "origin", f"git://127.0.0.1:{server.getsockname()[1]}/ops")

        told = site.told("run", "1", code=3)

    assert told.reason == "fetch_failed"
    assert list(git_processes_in(site.ops.checkout)) == []
    evidence.fired(len(heard))


def _die(server: socket.socket, said: bytes, heard: list[bytes]) -> None:
    """Hear what each who connects wants, say that much, and hang up."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            heard.append(connection.recv(1024))
            connection.sendall(said)


def test_a_remote_that_wants_a_password_is_refused_and_nobody_is_asked(
    fresh: Callable[[], Site], evidence: Evidence
) -> None:
    """Row 37: a prompt for credentials."""
    site = fresh()
    with asking_remote() as url:
        site.git("remote", "set-url", "origin", f"{url}/ops")

        told = site.told("run", "1", code=3)

    assert (told.reason, "terminal prompts disabled" in told.message) == ("fetch_failed", True)
    assert list(git_processes_in(site.ops.checkout)) == []
    evidence.fired()
