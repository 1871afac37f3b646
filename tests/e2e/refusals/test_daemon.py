"""A configuration that is wrong, and a second daemon where there is one already."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from support.daemon_process import PATIENCE_S, PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

    from support.bare_sites import BareSites

_WRONG = """\
store: {url: 'postgresql://db/released'}
state_dir: state
listen: []
environments:
  prod:
    repo: /opt/ops
    barnch: main
    unmatched_paths: complain
    recovery: {resume_within: soon}
"""


def _released(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [PROGRAMS / "released", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


@pytest.mark.parametrize("command", ["check-config", "serve"])
def test_every_fault_of_a_configuration_is_named_with_file_line_and_key(tmp_path: Path, command: str) -> None:
    config = tmp_path / "released.yaml"
    config.write_text(_WRONG, encoding="utf-8")

    answer = _released(command, "--config", config)

    resume_within = "environments.prod.recovery.resume_within"
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sorted(answer.stderr.splitlines()) == [
        f"[ERROR] {config}:1: store.url: expected sqlite:////ABSOLUTE/PATH, got 'postgresql://db/released'",
        f"[ERROR] {config}:2: state_dir: expected an absolute path without '..', got 'state'",
        f"[ERROR] {config}:3: listen: expected at least one, got an empty list",
        f"[ERROR] {config}:7: environments.prod.barnch: expected a known key (branch?), got 'barnch'",
        f"[ERROR] {config}:8: environments.prod.unmatched_paths: expected 'ignore', 'warn' or 'refuse', got 'complain'",
        f"[ERROR] {config}:9: {resume_within}: expected a duration such as 30s, 5m or 2h, got 'soon'",
    ]
    assert list(tmp_path.iterdir()) == [config]


def test_two_environments_that_share_a_checkout_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "released.yaml"
    environments = {name: {"repo": "/opt/ops"} for name in ("prod", "staging")}
    config.write_text(yaml.safe_dump(_configuration(tmp_path, tmp_path / "s.sock", environments)), encoding="utf-8")

    answer = _released("check-config", "--config", config)

    assert answer.returncode == 2
    assert "environments: expected a checkout of its own for each environment, got '/opt/ops' twice" in answer.stderr


def test_a_configuration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    answer = _released("check-config", "--config", tmp_path / "nowhere.yaml")

    assert answer.returncode == 2
    assert answer.stderr.startswith(f"[ERROR] {tmp_path}/nowhere.yaml:1: expected a readable configuration file")


def test_a_second_daemon_on_the_same_socket_names_it_and_leaves_the_first_reachable(
    bare_sites: BareSites, tmp_path: Path
) -> None:
    socket = bare_sites.runtime / "released.sock"
    before = socket.stat().st_ino
    config = _second(bare_sites, tmp_path, store=tmp_path / "other.db", listen=socket)

    answer = _released("serve", "--config", config)

    assert answer.returncode == 2
    assert f"[ERROR] Another released listens on {socket} (it holds {socket}.lock)." in answer.stderr
    assert "Traceback" not in answer.stderr
    assert socket.stat().st_ino == before
    assert bare_sites.client("version").returncode == 0


def test_a_group_that_does_not_exist_is_named_before_anything_listens(tmp_path: Path) -> None:
    socket = tmp_path / "released.sock"
    document = _configuration(tmp_path, socket, {"prod": {"repo": str(tmp_path / "ops")}})
    document["listen"] = [{"address": f"unix://{socket}", "group": "no-such-group"}]
    config = tmp_path / "released.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")

    answer = _released("serve", "--config", config)

    assert answer.returncode == 2
    assert answer.stderr.endswith(
        "[ERROR] This host has no group no-such-group, which the configuration names under listen. Make it, or name "
        "another.\n"
    )
    assert not socket.exists()


def _second(sites: BareSites, folder: Path, store: Path, listen: Path) -> Path:
    config = folder / "second.yaml"
    environments = {"elsewhere": {"repo": str(sites.home / "elsewhere")}}
    document = {
        "store": {"url": f"sqlite:///{store}"},
        "listen": [f"unix://{listen}"],
        "environments": environments,
    }
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    return config


def _configuration(folder: Path, listen: Path, environments: dict[str, dict[str, str]]) -> dict[str, object]:
    return {
        "store": {"url": f"sqlite:///{folder}/released.db"},
        "listen": [f"unix://{listen}"],
        "environments": environments,
    }
