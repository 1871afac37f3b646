"""Pushing to a real remote, and fetching other branches of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from released.adapters.git.checkout import Git
from released.adapters.git.processes import GitProcess, wait_until_gone
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import Sha
from support.git_daemon import serve_over_git
from support.ops_repo import OpsRepo

UNKNOWN = Sha("1" * 40)


@pytest.fixture
def repo(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path / "ops", {"keep.txt": "kept\n"})


@pytest.fixture
def git(repo: OpsRepo) -> Git:
    return Git(repo.checkout, "origin", "main")


def local_commit(repo: OpsRepo) -> Sha:
    """Commit by hand in the checkout."""
    repo.git("commit", "--quiet", "--allow-empty", "-m", "only here")
    return Sha(repo.head())


def refs(repo: OpsRepo) -> dict[str, str]:
    """Return what the remote has."""
    listing = repo.git("for-each-ref", "--format=%(refname) %(objectname)", cwd=repo.origin)
    return dict(line.split(" ") for line in listing.splitlines())


# --- push -------------------------------------------------------------------------------------------------------------


def test_a_commit_arrives_at_the_branch_and_nothing_else_does(repo: OpsRepo, git: Git) -> None:
    repo.git("tag", "--annotate", "-m", "a tag", "v1")
    repo.git("branch", "other")
    repo.git("config", "push.followTags", "true")
    git.push(commit := local_commit(repo))
    assert refs(repo) == {"refs/heads/main": commit}


def test_a_commit_that_no_branch_holds_is_pushed(repo: OpsRepo, git: Git) -> None:
    commit = local_commit(repo)
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    git.push(commit)
    assert refs(repo)["refs/heads/main"] == commit


@pytest.mark.parametrize("url", ["{}", "file://{}"])
def test_a_commit_arrives_over_a_path_and_over_file(repo: OpsRepo, git: Git, url: str) -> None:
    repo.git("remote", "set-url", "origin", url.format(repo.origin))
    git.push(commit := local_commit(repo))
    assert refs(repo)["refs/heads/main"] == commit


def test_a_commit_arrives_over_git_daemon(repo: OpsRepo) -> None:
    commit = local_commit(repo)
    with serve_over_git(repo.origin) as url:
        repo.git("remote", "set-url", "origin", url)
        Git(repo.checkout, "origin", "main", allow_protocols=["git"]).push(commit)
    assert refs(repo)["refs/heads/main"] == commit


def test_pushing_twice_is_harmless(repo: OpsRepo, git: Git) -> None:
    git.push(commit := local_commit(repo))
    git.push(commit)
    assert refs(repo)["refs/heads/main"] == commit


def test_a_commit_that_the_remote_contains_is_there_already(repo: OpsRepo, git: Git) -> None:
    git.push(commit := local_commit(repo))
    repo.git("pull", "--quiet", cwd=repo.developer)
    tip = repo.commit({"a": "1"}, "a")
    git.push(commit)
    assert refs(repo)["refs/heads/main"] == tip


def test_a_remote_that_has_other_commits_is_not_overwritten(repo: OpsRepo, git: Git) -> None:
    commit = local_commit(repo)
    tip = repo.commit({"a": "1"}, "a")
    with pytest.raises(Refused, match="rejected") as caught:
        git.push(commit)
    assert (caught.value.code, refs(repo)["refs/heads/main"]) == ("push_failed", tip)


def test_a_remote_that_is_dead_is_told_with_the_command_to_try_by_hand(repo: OpsRepo, git: Git, tmp_path: Path) -> None:
    repo.git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    commit = local_commit(repo)
    by_hand = ("git", "-C", str(repo.checkout), "push", "origin", f"{commit}:refs/heads/main")
    with pytest.raises(Refused, match="does not appear to be a git repository") as caught:
        git.push(commit)
    assert caught.value.message.endswith(f"Try it by hand with: {' '.join(by_hand)}")
    assert [command.argv for command in caught.value.next_commands] == [by_hand]


def test_the_command_to_try_by_hand_pushes(repo: OpsRepo, git: Git, tmp_path: Path) -> None:
    repo.origin.rename(tmp_path / "away.git")
    commit = local_commit(repo)
    with pytest.raises(Refused) as caught:
        git.push(commit)
    (tmp_path / "away.git").rename(repo.origin)
    repo.git(*caught.value.next_commands[0].argv[1:])
    assert refs(repo)["refs/heads/main"] == commit


def test_what_the_remote_has_against_a_commit_is_told(repo: OpsRepo, git: Git) -> None:
    hook = repo.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Refused, match="main is protected"):
        git.push(local_commit(repo))


def test_a_commit_that_is_not_here_is_refused(git: Git) -> None:
    with pytest.raises(Refused) as caught:
        git.push(UNKNOWN)
    assert caught.value.code == "push_failed"


def test_an_unknown_remote_is_refused_and_no_path_is_taken_for_it(repo: OpsRepo) -> None:
    repo.git("clone", "--quiet", "--bare", str(repo.origin), str(repo.checkout / "upstream"))
    with pytest.raises(Refused) as caught:
        Git(repo.checkout, "upstream", "main").push(Sha(repo.head()))
    assert caught.value.code == "remote_unknown"


def test_a_push_that_hangs_is_ended_at_the_deadline(repo: OpsRepo, tmp_path: Path) -> None:
    ssh = tmp_path / "ssh.sh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    ssh.chmod(0o755)
    repo.git("remote", "set-url", "origin", "ssh://host.invalid/ops.git")
    with pytest.raises(Refused, match="did not finish within 2 seconds"):
        Git(repo.checkout, "origin", "main", ssh_command=str(ssh)).push(Sha(repo.head()), timeout_s=2)
    transport = GitProcess(int((tmp_path / "pid").read_text()), ours=True)
    assert wait_until_gone(transport, time.monotonic() + 5)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("push.gpgSign", "true"),
        ("push.pushOption", "surprise"),
        ("push.recurseSubmodules", "only"),
        ("push.default", "nothing"),
        ("remote.origin.push", "+refs/heads/*:refs/heads/*"),
        ("remote.pushDefault", "elsewhere"),
        ("push.useForceIfIncludes", "true"),
    ],
)
def test_settings_in_the_repositorys_configuration_change_nothing(
    repo: OpsRepo, git: Git, key: str, value: str
) -> None:
    repo.git("branch", "other")
    repo.git("config", key, value)
    git.push(commit := local_commit(repo))
    assert refs(repo) == {"refs/heads/main": commit}


def test_a_remote_that_is_configured_as_a_mirror_is_not_mirrored(repo: OpsRepo, git: Git) -> None:
    repo.git("config", "remote.origin.mirror", "true")
    tip = repo.commit({"a": "1"}, "a")
    with pytest.raises(Refused) as caught:
        git.push(local_commit(repo))
    assert (caught.value.code, refs(repo)) == ("push_failed", {"refs/heads/main": tip})


@pytest.mark.parametrize("key", ["remote.origin.receivepack", "core.askPass", "core.fsmonitor", "gpg.program"])
def test_a_program_in_the_repositorys_configuration_does_not_run(
    repo: OpsRepo, git: Git, canary: Path, key: str
) -> None:
    repo.git("config", "push.gpgSign", "if-asked")
    commit = local_commit(repo)
    repo.git("config", key, str(canary))
    git.push(commit)


def test_hooks_of_the_checkout_do_not_run(repo: OpsRepo, git: Git, canary: Path) -> None:
    commit = local_commit(repo)
    for hook in ("pre-push", "reference-transaction"):
        (repo.checkout / ".git/hooks" / hook).symlink_to(canary)
    git.push(commit)


def test_an_external_transport_does_not_run(repo: OpsRepo, git: Git, canary: Path) -> None:
    repo.git("remote", "set-url", "--push", "origin", f"ext::{canary}")
    with pytest.raises(Refused, match="transport 'ext' not allowed"):
        git.push(local_commit(repo))


# --- other branches ---------------------------------------------------------------------------------------------------


def test_another_branch_is_fetched_into_a_ref_of_ours_and_nothing_else_moves(repo: OpsRepo, git: Git) -> None:
    before = repo.git("for-each-ref").splitlines()
    repo.merge_pull_request("hotfix/1", {"a": "1"}, "a")
    tip = repo.git("rev-parse", "hotfix/1", cwd=repo.developer)
    assert git.fetch_other("hotfix/1") == tip
    now = repo.git("for-each-ref").splitlines()
    assert set(now) - set(before) == {f"{tip} commit\trefs/released/remote/hotfix/1"}
    assert set(before) <= set(now)


def test_a_branch_that_the_remote_lacks_is_none(git: Git) -> None:
    assert git.fetch_other("absent") is None


def test_a_branch_that_the_remote_has_only_below_another_folder_is_none(repo: OpsRepo, git: Git) -> None:
    repo.git("push", "--quiet", "origin", "HEAD:refs/heads/hotfix/1")
    assert git.fetch_other("1") is None


def test_another_branch_of_a_dead_remote_is_refused(repo: OpsRepo, git: Git, tmp_path: Path) -> None:
    repo.git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    with pytest.raises(Refused, match=r"^hotfix/1 could not be fetched from origin") as caught:
        git.fetch_other("hotfix/1")
    assert caught.value.code == "fetch_failed"


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "+a", "a:b", "*", "refs/heads/*"])
def test_another_branch_that_is_no_name_is_invalid(git: Git, branch: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        git.fetch_other(branch)
    assert caught.value.code == "branch_invalid"


def test_asking_for_another_branch_runs_no_program_of_the_repository(repo: OpsRepo, git: Git, canary: Path) -> None:
    repo.git("config", "remote.origin.uploadpack", str(canary))
    assert git.fetch_other("absent") is None
