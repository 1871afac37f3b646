"""``releasectl init`` makes an ops repo in an empty folder, or changes nothing at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from released.domain.configuration import parse_configuration
from released.domain.ops_repo.dotenv import names, parse
from released.domain.ops_repo.manifest import parse_manifest
from released.domain.playbooks.playbook import read_playbooks
from support.daemon_process import PROGRAMS

MADE = {
    ".gitignore",
    "Justfile",
    "README.md",
    "packages/hello/docker-compose.yaml",
    "packages/hello/manifest.yaml",
    "packages/hello/src/Dockerfile",
    "packages/hello/src/www/healthz",
    "packages/hello/src/www/index.html",
    "packages/hello/tpl.env",
    "recovery/playbooks/release-hello-port.yaml",
    "release.just",
    "released.yaml.example",
    "releases/README.md",
}


@pytest.fixture(scope="module", name="ops")
def _ops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("init") / "My Ops"
    assert _init(root).returncode == 0
    return root


def test_everything_but_the_variables_of_the_host_is_committed_on_main(ops: Path) -> None:
    assert set(_git(ops, "ls-tree", "-r", "--name-only", "main").splitlines()) == MADE


def test_the_new_checkout_is_clean(ops: Path) -> None:
    assert _git(ops, "status", "--porcelain") == ""


def test_only_their_owner_may_read_the_variables_of_the_host(ops: Path) -> None:
    assert stat.S_IMODE((ops / ".env").stat().st_mode) == 0o600


def test_the_prefix_and_the_project_are_those_of_the_folder(ops: Path) -> None:
    variables = parse((ops / ".env").read_text())

    assert variables["CONTAINER_PREFIX"] == "my-ops-"
    assert variables["COMPOSE_PROJECT_NAME"] == "my-ops"


def test_no_variable_of_the_service_is_missing(ops: Path) -> None:
    wanted = names((ops / "packages/hello/tpl.env").read_text())

    assert set(wanted) <= set(parse((ops / ".env").read_text()))


def test_the_manifest_is_valid_and_has_no_unknown_key(ops: Path) -> None:
    _, warnings = parse_manifest((ops / "packages/hello/manifest.yaml").read_text(), "manifest.yaml", "hello")

    assert warnings == []


def test_the_playbook_is_without_fault(ops: Path) -> None:
    file = ops / "recovery/playbooks/release-hello-port.yaml"

    assert read_playbooks([(file.name, file.read_bytes())]).problems == ()


def test_the_configuration_is_valid_and_names_the_folder(ops: Path) -> None:
    configuration = parse_configuration((ops / "released.yaml.example").read_text(), "released.yaml")

    assert configuration.environments["prod"].repo == ops


def test_no_blank_is_left(ops: Path) -> None:
    assert [path for path in MADE if "@@" in (ops / path).read_text()] == []


def test_the_readme_has_three_sections(ops: Path) -> None:
    readme = (ops / "README.md").read_text()

    assert [line for line in readme.splitlines() if line.startswith("## ")] == [
        "## What is here",
        "## Release a change",
        "## Add a service",
    ]


def test_it_prints_what_to_type_next(tmp_path: Path) -> None:
    made = _init(tmp_path / "my ops")

    assert made.stdout.startswith(f"Made an ops repo in {tmp_path}/my ops")
    commands = [line.partition("  #")[0].strip() for line in made.stderr.splitlines()[1:]]
    assert commands == [
        f"git -C '{tmp_path}/my ops' remote add origin URL",
        f"git -C '{tmp_path}/my ops' push --set-upstream origin main",
        f"cp --interactive '{tmp_path}/my ops/released.yaml.example' /etc/released.yaml",
        "released serve --config /etc/released.yaml",
        "releasectl run 1",
    ]


def test_in_json_it_prints_one_document(tmp_path: Path) -> None:
    document = json.loads(_init(tmp_path / "ops", "-o", "json").stdout)

    assert (document["folder"], document["commit"]) == (f"{tmp_path}/ops", _git(tmp_path / "ops", "rev-parse", "HEAD"))
    assert document["next"][0]["argv"][-2:] == ["origin", "URL"]


def test_the_present_folder_will_do_if_it_is_empty(tmp_path: Path) -> None:
    assert _init(Path(), cwd=tmp_path).returncode == 0
    assert _git(tmp_path, "status", "--porcelain") == ""


def test_the_author_is_the_one_that_git_knows(tmp_path: Path) -> None:
    _init(tmp_path / "ops", GIT_CONFIG_GLOBAL=_config(tmp_path, "[user]\n\tname = Dana\n\temail = dana@example.org\n"))

    assert _git(tmp_path / "ops", "log", "--format=%an <%ae>") == "Dana <dana@example.org>"


def test_where_git_knows_nobody_the_author_is_neutral(tmp_path: Path) -> None:
    _init(tmp_path / "ops")

    assert _git(tmp_path / "ops", "log", "--format=%an <%ae>") == "releasectl <releasectl@localhost>"


def test_what_the_user_ignores_everywhere_is_committed_all_the_same(tmp_path: Path) -> None:
    ignored = tmp_path / "ignored"
    ignored.write_text("src/\n*.just\n")

    _init(tmp_path / "ops", GIT_CONFIG_GLOBAL=_config(tmp_path, f"[core]\n\texcludesFile = {ignored}\n"))

    assert set(_git(tmp_path / "ops", "ls-files").splitlines()) == MADE


def test_inside_a_hook_it_is_not_led_into_the_repository_of_the_hook(tmp_path: Path) -> None:
    assert _init(tmp_path / "ops", GIT_DIR=f"{tmp_path}/other/.git", GIT_INDEX_FILE="index").returncode == 0
    assert set(_git(tmp_path / "ops", "ls-files").splitlines()) == MADE
    assert not (tmp_path / "other").exists()


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    refused = _init(tmp_path, "-o", "json")

    assert refused.returncode == 3
    assert json.loads(refused.stdout)["error"]["reason"] == "folder_not_empty"
    assert _below(tmp_path) == ["mine"]


def test_a_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    refused = _init(tmp_path / "mine")

    assert refused.returncode == 3
    assert refused.stderr == f"[ERROR] {tmp_path}/mine is not an empty folder. Name one that is, or a new one.\n"
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    refused = _init(tmp_path / "nowhere" / "ops", "-o", "json")

    assert refused.returncode == 3
    assert json.loads(refused.stdout)["error"]["reason"] == "folder_unusable"
    assert _below(tmp_path) == []


def test_a_name_that_no_configuration_may_hold_is_a_usage_error(tmp_path: Path) -> None:
    assert _init(tmp_path / "a\nb").returncode == 2
    assert _below(tmp_path) == []


def test_a_git_that_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    hook = tmp_path / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho no commits today >&2\nexit 1\n")
    hook.chmod(0o755)

    refused = _init(tmp_path / "ops", GIT_CONFIG_GLOBAL=_config(tmp_path, f"[core]\n\thooksPath = {hook.parent}\n"))

    assert refused.returncode == 3
    assert "no commits today" in refused.stderr
    assert not (tmp_path / "ops").exists()


def test_without_git_it_is_refused_and_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()

    refused = _init(tmp_path / "ops", "-o", "json", PATH=str(tmp_path))

    assert refused.returncode == 3
    assert json.loads(refused.stdout)["error"]["reason"] == "git_missing"
    assert _below(tmp_path) == ["ops"]


def _init(folder: Path, *flags: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Make an ops repo as a user whom git does not know, unless ``environment`` says otherwise."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [PROGRAMS / "releasectl", *flags, "init", folder],
        cwd=cwd,
        env=inherited | isolated | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _config(folder: Path, text: str) -> str:
    """Write a git configuration of a user."""
    path = folder / "gitconfig"
    path.write_text(text)
    return str(path)


def _git(repo: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repo), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.removesuffix("\n")


def _below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
