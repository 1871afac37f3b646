"""The git adapter against real git: real repositories, remotes over a path and over ``git daemon``."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from released.adapters.git.checkout import Git
from released.adapters.git.command import presentable
from released.adapters.git.processes import GitProcess, wait_until_gone
from released.adapters.git.records import ChangedPath
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import Sha
from support.evidence import Evidence
from support.git_daemon import serve_over_git
from support.ops_repo import OpsRepo

ODD_NAMES = ["two\nlines", "grün €.txt", "-rf", 'quo"te', "back\\slash", " leading", "glob*[x]"]
UNKNOWN = Sha("1" * 40)
LARGEST = 16 * 1024 * 1024


@pytest.fixture
def repo(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path / "ops", {"packages/wiki/manifest.yaml": "name: wiki\n", "keep.txt": "kept\n"})


@pytest.fixture
def git(repo: OpsRepo) -> Git:
    return Git(repo.checkout, "origin", "main")


def dirty_paths(git: Git) -> dict[str, str]:
    return {entry.path: entry.status for entry in git.state().dirty}


# --- state ------------------------------------------------------------------------------------------------------------


def test_a_fresh_checkout_is_clean_and_on_its_branch(repo: OpsRepo, git: Git) -> None:
    state = git.state()
    assert (state.head, state.branch, state.dirty, state.in_progress) == (repo.head(), "main", (), None)


def test_changed_staged_deleted_and_untracked_files_are_dirty(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / "keep.txt").unlink()
    (repo.checkout / "README.md").write_text("changed")
    (repo.checkout / "new").mkdir()
    (repo.checkout / "new" / "staged").write_text("s")
    repo.git("add", "new/staged")
    (repo.checkout / "new" / "untracked").write_text("u")
    expected = {"keep.txt": " D", "README.md": " M", "new/staged": "A ", "new/untracked": "??"}
    assert dirty_paths(git) == expected


def test_a_dirty_path_says_when_it_was_changed_and_whose_it_is(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / "note").write_text("n")
    os.utime(repo.checkout / "note", (1_700_000_000, 1_700_000_000))
    (entry,) = git.state().dirty
    owner = pwd.getpwuid(os.geteuid()).pw_name
    assert (entry.modified_at, entry.owner) == (datetime.fromtimestamp(1_700_000_000, UTC), owner)


def test_a_deleted_path_has_neither_time_nor_owner(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / "keep.txt").unlink()
    (entry,) = git.state().dirty
    assert (entry.modified_at, entry.owner) == (None, "")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_untracked_file_with_an_odd_name_is_named_exactly(repo: OpsRepo, git: Git, name: str) -> None:
    (repo.checkout / name).write_text("x")
    assert dirty_paths(git) == {name: "??"}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_changed_file_with_an_odd_name_is_named_exactly(repo: OpsRepo, git: Git, name: str) -> None:
    repo.commit({name: "one\n"}, "odd")
    repo.git("pull", "--quiet")
    (repo.checkout / name).write_text("two, longer\n")
    assert dirty_paths(git) == {name: " M"}


def test_a_name_that_is_not_utf8_is_shown_in_text_that_can_be_encoded(repo: OpsRepo, git: Git) -> None:
    Path(os.fsdecode(os.fsencode(repo.checkout) + b"/caf\xe9")).write_text("x")
    assert dirty_paths(git) == {"caf\\xe9": "??"}


def test_ignored_files_are_not_dirty(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / ".env").write_text("PASSWORD=x")
    assert git.state().dirty == ()


def test_a_repository_cannot_hide_its_untracked_files_by_configuration(repo: OpsRepo, git: Git) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")
    (repo.checkout / "note").write_text("n")
    assert dirty_paths(git) == {"note": "??"}


def test_looking_at_the_state_does_not_write_the_index(repo: OpsRepo, git: Git) -> None:
    os.utime(repo.checkout / "keep.txt", (1, 1))
    before = (repo.checkout / ".git/index").stat().st_mtime_ns
    git.state()
    assert (repo.checkout / ".git/index").stat().st_mtime_ns == before


def test_a_detached_head_has_no_branch(repo: OpsRepo, git: Git) -> None:
    repo.git("checkout", "--quiet", "--detach")
    assert git.state().branch is None


def test_a_branch_with_a_slash_is_named_whole(repo: OpsRepo, git: Git) -> None:
    repo.git("switch", "--quiet", "--create", "hotfix/1234")
    assert git.state().branch == "hotfix/1234"


def test_a_branch_is_named_by_its_name_where_there_is_a_tag_of_that_name(repo: OpsRepo, git: Git) -> None:
    repo.git("tag", "main")
    assert git.state().branch == "main"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (("merge", "other"), "merge"),
        (("rebase", "other"), "rebase"),
        (("rebase", "--apply", "other"), "rebase"),
        (("cherry-pick", "other"), "cherry-pick"),
        (("revert", "HEAD~1"), "revert"),
    ],
)
def test_an_unfinished_operation_is_named(repo: OpsRepo, git: Git, command: tuple[str, ...], word: str) -> None:
    commit_by_hand(repo, "keep.txt", "zero\n")
    repo.git("switch", "--quiet", "--create", "other")
    commit_by_hand(repo, "keep.txt", "theirs\n")
    repo.git("switch", "--quiet", "main")
    commit_by_hand(repo, "keep.txt", "ours\n")
    with pytest.raises(AssertionError):
        repo.git(*command)
    assert git.state().in_progress == word


def test_a_bisection_is_named(repo: OpsRepo, git: Git) -> None:
    repo.git("bisect", "start")
    assert git.state().in_progress == "bisect"


def test_a_folder_that_is_no_repository_is_refused_even_inside_of_one(repo: OpsRepo) -> None:
    (repo.checkout / "inner").mkdir()
    with pytest.raises(Refused, match="not a git repository") as caught:
        Git(repo.checkout / "inner", "origin", "main").state()
    assert caught.value.code == "git_failed"


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file or directory"):
        Git(tmp_path / "gone", "origin", "main").state()


def commit_by_hand(repo: OpsRepo, path: str, content: str) -> None:
    (repo.checkout / path).write_text(content)
    repo.git("add", path)
    repo.git("commit", "--quiet", "-m", f"{path}: {content.strip()}")


# --- fetch ------------------------------------------------------------------------------------------------------------


def test_fetch_returns_the_tip_of_the_remote_branch(repo: OpsRepo, git: Git) -> None:
    assert git.fetch() == repo.head(repo.developer)


def test_fetch_moves_a_ref_of_ours_and_nothing_else(repo: OpsRepo, git: Git) -> None:
    refs_before = repo.git("for-each-ref")
    tip = repo.merge_pull_request("feature", {"a": "1"}, "a")
    repo.git("tag", "v1", cwd=repo.developer)
    repo.git("push", "--quiet", "--tags", cwd=repo.developer)
    git.fetch()
    assert repo.git("for-each-ref").splitlines() == sorted(
        [*refs_before.splitlines(), f"{tip} commit\trefs/released/remote/main"], key=lambda line: line.split("\t")[1]
    )


def test_fetch_leaves_no_fetch_head(repo: OpsRepo, git: Git) -> None:
    git.fetch()
    assert not (repo.checkout / ".git/FETCH_HEAD").exists()


def test_fetch_follows_a_rewritten_branch(repo: OpsRepo, git: Git) -> None:
    repo.commit({"a": "1"}, "a")
    git.fetch()
    repo.git("reset", "--quiet", "--hard", "HEAD~1", cwd=repo.developer)
    repo.git("push", "--quiet", "--force", cwd=repo.developer)
    assert git.fetch() == repo.head(repo.developer)


def test_a_lock_that_a_killed_fetch_left_is_no_obstacle(repo: OpsRepo, git: Git) -> None:
    git.fetch()
    (repo.checkout / ".git/refs/released/remote/main.lock").write_bytes(b"")
    tip = repo.commit({"a": "1"}, "a")
    assert git.fetch() == tip


def test_fetch_over_git_daemon_works_where_the_protocol_is_allowed(repo: OpsRepo) -> None:
    tip = repo.commit({"a": "1"}, "a")
    with serve_over_git(repo.origin) as url:
        repo.git("remote", "set-url", "origin", url)
        assert Git(repo.checkout, "origin", "main", allow_protocols=["git"]).fetch() == tip


def test_fetch_over_a_protocol_that_is_not_allowed_is_refused(repo: OpsRepo, git: Git) -> None:
    with serve_over_git(repo.origin) as url:
        repo.git("remote", "set-url", "origin", url)
        with pytest.raises(Refused, match="transport 'git' not allowed"):
            git.fetch()


def test_fetch_from_a_dead_remote_is_refused_in_a_sentence(repo: OpsRepo, git: Git, tmp_path: Path) -> None:
    repo.git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    with pytest.raises(Refused) as caught:
        git.fetch()
    assert caught.value.code == "fetch_failed"
    assert caught.value.message.startswith(f"main could not be fetched from origin into {repo.checkout}: ")
    assert "does not appear to be a git repository" in caught.value.message
    assert caught.value.next_commands[0].argv == ("git", "-C", str(repo.checkout), "fetch", "origin", "main")


def test_fetch_of_a_branch_that_the_remote_lacks_is_refused(repo: OpsRepo) -> None:
    with pytest.raises(Refused, match="couldn't find remote ref refs/heads/absent"):
        Git(repo.checkout, "origin", "absent").fetch()


def test_fetch_from_an_unknown_remote_is_refused_and_no_path_is_taken_for_it(repo: OpsRepo) -> None:
    repo.git("clone", "--quiet", "--bare", str(repo.origin), str(repo.checkout / "upstream"))
    with pytest.raises(Refused) as caught:
        Git(repo.checkout, "upstream", "main").fetch()
    assert caught.value.code == "remote_unknown"


def test_a_password_in_the_remotes_url_is_masked(repo: OpsRepo) -> None:
    repo.git("remote", "set-url", "origin", "http://bot:s3cr3t-p@ss@127.0.0.1:1/ops.git")
    with pytest.raises(Refused) as caught:
        Git(repo.checkout, "origin", "main", allow_protocols=["http"]).fetch()
    assert "s3cr3t" not in caught.value.message
    assert "127.0.0.1" in caught.value.message


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        (b"fatal: 'https://bot:pw@host/x.git/' gone\n", "fatal: 'https://***@host/x.git/' gone"),
        (b"https://bot:p@ss@host/x and ssh://bot:pw@other:22/y", "https://***@host/x and ssh://***@other:22/y"),
        (b"git@host.example: Permission denied", "git@host.example: Permission denied"),
        (b"remote: \x1b[31mred\x1b[0m\rdone\xff", "remote: [31mred[0m\ndone\ufffd"),
    ],
)
def test_what_git_complains_about_is_shown_without_credentials_and_control_codes(
    complaint: bytes, expected: str
) -> None:
    assert presentable(complaint) == expected


def test_a_long_complaint_of_git_is_cut_to_whole_lines() -> None:
    assert presentable(b"password=hunter22\n" + b"x" * 8180 + b"\n!") == "x" * 8180 + "\n!"


def test_a_fetch_that_hangs_is_ended_with_its_children_at_the_deadline(
    repo: OpsRepo, tmp_path: Path, evidence: Evidence
) -> None:
    """Row 37: a transport that never answers, ended with all that it started."""
    ssh = tmp_path / "ssh.sh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    ssh.chmod(0o755)
    repo.git("remote", "set-url", "origin", "ssh://host.invalid/ops.git")
    with pytest.raises(Refused, match="did not finish within 2 seconds"):
        Git(repo.checkout, "origin", "main", ssh_command=str(ssh)).fetch(timeout_s=2)
    transport = GitProcess(int((tmp_path / "pid").read_text()), ours=True)
    assert wait_until_gone(transport, time.monotonic() + 5)
    evidence.fired()


def test_a_remote_that_is_only_asked_tells_its_tip_and_nothing_is_fetched(repo: OpsRepo, git: Git) -> None:
    refs = repo.git("for-each-ref")
    tip = repo.commit({"a": "1"}, "a")
    assert (git.tip_at_remote(timeout_s=60), repo.git("for-each-ref")) == (tip, refs)


def test_a_remote_that_does_not_answer_is_told_from_one_that_lacks_the_branch(repo: OpsRepo, git: Git) -> None:
    assert Git(repo.checkout, "origin", "absent").tip_at_remote(timeout_s=60) is None
    repo.git("remote", "set-url", "origin", "/nowhere.git")
    with pytest.raises(Refused) as silent:
        git.tip_at_remote(timeout_s=60)
    assert silent.value.code == "fetch_failed"


@pytest.mark.parametrize(
    ("path", "ignored"), [(".env", True), (".asd/workspace/", True), ("README.md", False), ("new", False)]
)
def test_a_path_that_git_leaves_out_is_told_from_one_that_makes_the_checkout_dirty(
    git: Git, path: str, *, ignored: bool
) -> None:
    assert git.ignores(path) == ignored


def test_a_path_that_was_committed_is_not_left_out_though_it_is_ignored(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / ".env").touch()
    repo.git("add", "--force", ".env")
    assert not git.ignores(".env")


# --- what commits say -------------------------------------------------------------------------------------------------


def test_a_commit_is_contained_in_a_later_one(repo: OpsRepo, git: Git) -> None:
    base = Sha(repo.head())
    repo.commit({"a": "1"}, "a")
    assert git.is_ancestor(base, git.fetch())


def test_a_later_commit_is_not_contained_in_an_earlier_one(repo: OpsRepo, git: Git) -> None:
    base = Sha(repo.head())
    repo.commit({"a": "1"}, "a")
    assert not git.is_ancestor(git.fetch(), base)


def test_comparing_with_an_unknown_commit_is_refused(repo: OpsRepo, git: Git) -> None:
    with pytest.raises(Refused, match="Not a valid commit name"):
        git.is_ancestor(Sha(repo.head()), UNKNOWN)


def test_commits_lists_those_of_a_pull_request_and_its_merge(repo: OpsRepo, git: Git) -> None:
    base = Sha(repo.head())
    repo.merge_pull_request("1234-wiki", {"a": "1"}, "Wiki: größer\n\nBody")
    found = [(commit.subject, commit.author) for commit in git.commits(base, git.fetch())]
    assert found == [
        ("Merge 1234-wiki: Wiki: größer", "Dana Developer"),
        ("Wiki: größer", "Dana Developer"),
    ]


def test_commits_between_a_commit_and_itself_are_none(repo: OpsRepo, git: Git) -> None:
    assert git.commits(Sha(repo.head()), Sha(repo.head())) == ()


def test_divergence_names_both_sides(repo: OpsRepo, git: Git) -> None:
    commit_by_hand(repo, "keep.txt", "local\n")
    repo.commit({"a": "1"}, "remote")
    ours, theirs = git.divergence(Sha(repo.head()), git.fetch())
    assert ([c.subject for c in ours], [c.subject for c in theirs]) == (["keep.txt: local"], ["remote"])


def test_a_rename_is_a_deletion_and_an_addition(repo: OpsRepo, git: Git) -> None:
    base = Sha(repo.head())
    repo.commit({"keep.txt": None, "kept.txt": "kept\n", "README.md": "new\n"}, "rename")
    assert set(git.changed_paths(base, git.fetch())) == {
        ChangedPath("keep.txt", "D"),
        ChangedPath("kept.txt", "A"),
        ChangedPath("README.md", "M"),
    }


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_changed_path_with_an_odd_name_is_named_exactly(repo: OpsRepo, git: Git, name: str) -> None:
    base = Sha(repo.head())
    repo.commit({f"packages/wiki/{name}": "x"}, "odd")
    assert git.changed_paths(base, git.fetch()) == (ChangedPath(f"packages/wiki/{name}", "A"),)


# --- what files hold --------------------------------------------------------------------------------------------------


def test_a_file_is_read_at_a_commit_and_not_from_the_work_tree(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / "keep.txt").write_text("dirty")
    assert git.read(Sha(repo.head()), "keep.txt") == b"kept\n"


def test_a_file_keeps_its_last_newlines_and_bytes(repo: OpsRepo, git: Git) -> None:
    repo.commit({"a": "x\n\n\0\n\n"}, "a")
    assert git.read(git.fetch(), "a") == b"x\n\n\0\n\n"


def test_a_path_that_a_commit_lacks_is_none(repo: OpsRepo, git: Git) -> None:
    assert git.read(Sha(repo.head()), "packages/wiki/absent") is None


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_with_an_odd_name_is_read(repo: OpsRepo, git: Git, name: str) -> None:
    repo.commit({name: "odd\n"}, "odd")
    assert git.read(git.fetch(), name) == b"odd\n"


def test_a_symbolic_link_is_refused_and_not_followed(repo: OpsRepo, git: Git) -> None:
    (repo.developer / "link").symlink_to("/etc/passwd")
    repo.commit({}, "link")
    with pytest.raises(Refused) as caught:
        git.read(git.fetch(), "link")
    assert caught.value.code == "not_a_file"


def test_a_submodule_is_refused(repo: OpsRepo, git: Git) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{UNKNOWN},sub", cwd=repo.developer)
    repo.git("commit", "--quiet", "-m", "sub", cwd=repo.developer)
    repo.git("push", "--quiet", cwd=repo.developer)
    with pytest.raises(Refused, match="git mode 160000"):
        git.read(git.fetch(), "sub")


def test_a_folder_is_refused_as_a_file(repo: OpsRepo, git: Git) -> None:
    with pytest.raises(Refused, match="git mode 040000"):
        git.read(Sha(repo.head()), "packages")


def test_a_file_of_16_mib_is_read(repo: OpsRepo, git: Git) -> None:
    repo.commit({"large": "x" * LARGEST}, "large")
    assert git.read(git.fetch(), "large") == b"x" * LARGEST


def test_a_larger_file_is_refused_with_its_size(repo: OpsRepo, git: Git) -> None:
    repo.commit({"large": "x" * (LARGEST + 1)}, "large")
    with pytest.raises(Refused, match=f"^large at .* has {LARGEST + 1} bytes") as caught:
        git.read(git.fetch(), "large")
    assert caught.value.code == "file_too_large"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".git/config", "a\0b"])
def test_a_path_that_leads_elsewhere_is_invalid(repo: OpsRepo, git: Git, path: str) -> None:
    with pytest.raises(InvalidInput):
        git.read(Sha(repo.head()), path)


@pytest.mark.parametrize("commit", ["HEAD", "main", "--help", "-1", "", "A" * 40, "1" * 39, "1" * 40 + "\n"])
def test_only_a_full_object_id_names_a_commit(git: Git, commit: str) -> None:
    with pytest.raises(InvalidInput):
        git.read(Sha(commit), "keep.txt")


def test_a_folder_lists_its_entries(repo: OpsRepo, git: Git) -> None:
    repo.commit({"releases/1-a.sh": "#!/bin/sh\n", "releases/old/2.txt": "x"}, "scripts")
    entries = [(entry.path, entry.mode) for entry in git.list_folder(git.fetch(), "releases")]
    assert entries == [("releases/1-a.sh", "100755"), ("releases/old", "040000")]


def test_a_folder_lists_all_files_below_it(repo: OpsRepo, git: Git) -> None:
    repo.commit({"releases/1-a.sh": "#!/bin/sh\n", "releases/old/2.txt": "x"}, "scripts")
    entries = [entry.path for entry in git.list_folder(git.fetch(), "releases", recursive=True)]
    assert entries == ["releases/1-a.sh", "releases/old/2.txt"]


def test_the_root_is_a_folder(repo: OpsRepo, git: Git) -> None:
    entries = [entry.path for entry in git.list_folder(Sha(repo.head()), "")]
    assert entries == [".gitignore", "README.md", "keep.txt", "packages"]


def test_a_folder_with_a_name_that_is_not_utf8_is_refused_and_the_name_is_shown(repo: OpsRepo, git: Git) -> None:
    Path(os.fsdecode(os.fsencode(repo.developer) + b"/packages/wiki/caf\xe9")).write_text("x")
    repo.commit({}, "odd")
    with pytest.raises(Refused, match=r"no UTF-8 text: packages/wiki/caf\\xe9\.") as caught:
        git.list_folder(git.fetch(), "packages", recursive=True)
    assert caught.value.code == "path_not_text"


def test_a_folder_that_a_commit_lacks_is_empty(repo: OpsRepo, git: Git) -> None:
    assert git.list_folder(Sha(repo.head()), "releases") == ()


def test_an_untouched_file_has_the_blob_of_its_commit(repo: OpsRepo, git: Git) -> None:
    assert git.blob_of_file("keep.txt") == repo.git("rev-parse", "HEAD:keep.txt")


def test_an_edited_file_has_another_blob(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / "keep.txt").write_text("edited")
    assert git.blob_of_file("keep.txt") != repo.git("rev-parse", "HEAD:keep.txt")


def test_a_file_that_is_not_there_has_no_blob(git: Git) -> None:
    assert git.blob_of_file("packages/absent/file") is None


@pytest.mark.parametrize("path", ["link", "folder/manifest.yaml", "pipe", "packages"])
def test_what_is_no_regular_file_below_real_folders_has_no_blob(repo: OpsRepo, git: Git, path: str) -> None:
    (repo.checkout / "link").symlink_to("keep.txt")
    (repo.checkout / "folder").symlink_to("packages/wiki")
    os.mkfifo(repo.checkout / "pipe")
    with pytest.raises(Refused) as caught:
        git.blob_of_file(path)
    assert caught.value.code == "not_a_file"


# --- the reflog -------------------------------------------------------------------------------------------------------


def test_the_head_before_a_pull_by_hand_is_found(repo: OpsRepo, git: Git) -> None:
    base = repo.head()
    repo.commit({"a": "1"}, "a")
    repo.git("pull", "--quiet")
    assert git.head_before_pull(Sha(repo.head())) == base


def test_the_head_before_a_pull_with_rebase_is_found(repo: OpsRepo, git: Git) -> None:
    base = repo.head()
    repo.commit({"a": "1"}, "a")
    repo.git("pull", "--quiet", "--rebase")
    assert git.head_before_pull(Sha(repo.head())) == base


def test_the_head_before_a_hard_reset_is_found(repo: OpsRepo, git: Git) -> None:
    base = repo.head()
    repo.commit({"a": "1"}, "a")
    repo.git("fetch", "--quiet")
    repo.git("reset", "--quiet", "--hard", "origin/main")
    assert git.head_before_pull(Sha(repo.head())) == base


def test_the_latest_of_two_pulls_counts(repo: OpsRepo, git: Git) -> None:
    first = repo.commit({"a": "1"}, "a")
    repo.git("pull", "--quiet")
    repo.commit({"a": "2"}, "b")
    repo.git("pull", "--quiet")
    assert git.head_before_pull(Sha(repo.head())) == first


def test_a_checkout_that_was_never_pulled_has_no_head_before(repo: OpsRepo, git: Git) -> None:
    assert git.head_before_pull(Sha(repo.head())) is None


def test_a_commit_by_hand_is_no_pull(repo: OpsRepo, git: Git) -> None:
    commit_by_hand(repo, "keep.txt", "x\n")
    assert git.head_before_pull(Sha(repo.head())) is None


def test_a_checkout_without_reflog_has_no_head_before(repo: OpsRepo, git: Git) -> None:
    (repo.checkout / ".git/logs/HEAD").unlink()
    assert git.head_before_pull(Sha(repo.head())) is None


# --- nothing of theirs runs -------------------------------------------------------------------------------------------


def test_the_configured_ssh_command_runs(repo: OpsRepo, tmp_path: Path) -> None:
    repo.git("remote", "set-url", "origin", "ssh://host.invalid/ops.git")
    with pytest.raises(Refused):
        Git(repo.checkout, "origin", "main", ssh_command=f"touch {tmp_path}/ours;").fetch()
    assert (tmp_path / "ours").exists()


@pytest.mark.parametrize("protocol", ["ext", "fd", "", "HTTPS", "https:ext", "a b"])
def test_a_protocol_that_runs_commands_or_is_none_cannot_be_allowed(tmp_path: Path, protocol: str) -> None:
    with pytest.raises(InvalidInput, match="allow_protocols"):
        Git(tmp_path, "origin", "main", allow_protocols=[protocol])


@pytest.mark.parametrize("remote", ["", "-x", "--upload-pack=touch x", "../x", "a b", "origin\n", "ext::sh", "/etc"])
def test_a_remote_that_is_no_name_is_invalid(tmp_path: Path, remote: str) -> None:
    with pytest.raises(InvalidInput):
        Git(tmp_path, remote, "main")


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a//b", "a/", "a.lock", "a.lock/b", "x:y", "a b", "+a", "@{1}"])
def test_a_branch_that_is_no_name_is_invalid(tmp_path: Path, branch: str) -> None:
    with pytest.raises(InvalidInput):
        Git(tmp_path, "origin", branch)


@pytest.mark.parametrize(
    "name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_COMMON_DIR"]
)
def test_inherited_git_variables_are_not_seen(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    expected = git.state()
    monkeypatch.setenv(name, str(tmp_path / "poison"))
    assert git.state() == expected


def test_inherited_programs_do_not_run(repo: OpsRepo, git: Git, canary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor={canary}'")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(canary))
    monkeypatch.setenv("GIT_ASKPASS", str(canary))
    git.fetch()
    assert git.state().head == repo.head()


def test_the_credential_file_answers_a_server_that_asks(tmp_path: Path, repo: OpsRepo) -> None:
    file = tmp_path / "it's secret" / "credentials"
    file.parent.mkdir()
    file.write_text("https://bot:t0ken@git.example.org\n")
    git = Git(repo.checkout, "origin", "main", credential_file=file)
    question = tmp_path / "question"
    question.write_text("protocol=https\nhost=git.example.org\n\n")
    with question.open("rb") as stdin:
        assert "password=t0ken" in git._command.ask("credential", "fill", stdin=stdin).text


def test_without_a_credential_file_nobody_is_asked(repo: OpsRepo, git: Git, canary: Path, tmp_path: Path) -> None:
    repo.git("config", "credential.helper", f"!{canary}")
    question = tmp_path / "question"
    question.write_text("protocol=https\nhost=git.example.org\n\n")
    with question.open("rb") as stdin, pytest.raises(Refused, match="terminal prompts disabled"):
        git._command.ask("credential", "fill", stdin=stdin)


def test_no_process_is_left_behind(repo: OpsRepo) -> None:
    base = Sha(repo.head())
    repo.commit({"a": "1"}, "a")
    for _ in range(3):
        git = Git(repo.checkout, "origin", "main")
        git.read(git.fetch(), "a")
        git.commits(base, git.fetch())
    assert children_of_this_process() == set()


def children_of_this_process() -> set[str]:
    task = Path(f"/proc/{os.getpid()}/task")
    pids = {pid for thread in task.iterdir() for pid in (thread / "children").read_text().split()}
    return {pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().startswith("git")}


def test_a_host_without_git_is_told_so(repo: OpsRepo, tmp_path: Path) -> None:
    (tmp_path / "env").symlink_to(str(shutil.which("env")))
    script = (
        "from pathlib import Path; from released.adapters.git.checkout import Git; "
        "Git(Path('.'), 'origin', 'main').state()"
    )
    finished = run_python(script, {"PATH": str(tmp_path)}, repo.checkout)
    assert "git is not installed. Install it with: apt-get install git" in finished.stderr


def run_python(script: str, environment: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
