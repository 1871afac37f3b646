"""Commands in the sandbox read this host and change nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands.sandbox import OUTPUT_BYTES, Ran, Sandbox
from released.adapters.docker.window import window
from released.domain.errors import Refused
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = "unix:///var/run/docker.sock"


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    return OpsRepo.create(tmp_path / "ops", {"packages/wiki/manifest.yaml": "name: wiki\n"}).checkout


def test_it_reads_the_checkout(checkout: Path) -> None:
    ran = Sandbox(checkout).run("cat packages/wiki/manifest.yaml; git status --porcelain; git log --oneline | wc -l")

    assert (ran.exit_code, ran.output) == (0, "name: wiki\n1\n")


@pytest.mark.parametrize("target", ["new-file", "packages/wiki/manifest.yaml", ".git/index", "/etc/new", "/var/new"])
def test_it_writes_nowhere(checkout: Path, target: str) -> None:
    ran = Sandbox(checkout).run(f"echo spoilt >> {target}")

    assert ran.exit_code == 1
    assert "Read-only file system" in ran.output


def test_git_cannot_change_the_checkout(checkout: Path) -> None:
    ran = Sandbox(checkout).run("git -c user.name=x -c user.email=x@example.com commit --allow-empty -m x")

    assert ran.exit_code != 0
    assert "Read-only file system" in ran.output


def test_what_is_hidden_is_not_there(checkout: Path, tmp_path: Path) -> None:
    file, folder = checkout / "key", tmp_path / "state"
    file.write_text("secret", encoding="utf-8")
    folder.mkdir()
    (folder / "released.db").touch()

    ran = Sandbox(checkout, (file, folder)).run(f"cat key; ls {folder}")

    assert "secret" not in ran.output
    assert "released.db" not in ran.output


def test_it_sees_no_process_of_the_host(checkout: Path) -> None:
    ran = Sandbox(checkout).run("echo /proc/[0-9]*")

    assert len(ran.output.split()) <= len(("bwrap", "bash"))


def test_it_reaches_no_network_unless_that_is_asked_for(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        codes = [Sandbox(checkout).run(connect, network=network).exit_code for network in (False, True)]

    assert codes == [1, 0]


def test_it_ends_with_its_time(checkout: Path) -> None:
    ran = Sandbox(checkout).run("echo begun; setsid sleep 100 & sleep 100", timeout_s=1)

    assert ran == Ran(None, "begun", "it took longer than 1 s")


def test_it_ends_with_too_much_output(checkout: Path) -> None:
    ran = Sandbox(checkout).run("yes")

    assert ran.ended_for == f"it printed more than {OUTPUT_BYTES} bytes"


def test_without_bubblewrap_it_is_said_what_to_install(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(Refused, match="apt install bubblewrap"):
        Sandbox(checkout).run("true")


def test_containers_can_be_looked_at_and_not_touched(checkout: Path) -> None:
    with window(ENGINE) as engine:
        looked, touched = map(
            Sandbox(checkout, engine=engine).run,
            (
                "docker ps --all --format '{{.ID}}' && docker version --format '{{.Server.Os}}'",
                "docker volume create x-y",
            ),
        )

    assert (looked.exit_code, looked.output.splitlines()[-1]) == (0, "linux")
    assert touched.exit_code != 0
    assert "only looking is allowed here" in touched.output


def test_the_engine_itself_is_out_of_reach(checkout: Path) -> None:
    ran = Sandbox(checkout).run("DOCKER_HOST=unix:///var/run/docker.sock docker ps")

    assert ran.exit_code != 0
