"""What waits inside the daemon ends when the present step is to end: git, Compose, engine, probe, reading a backup."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.adapters.backups import sets
from released.adapters.backups.sets import BackupSet
from released.adapters.docker.compose import Compose, ComposeProject
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.adapters.interruption import Interruption
from released.adapters.probes import http_code
from released.domain.errors import StepFailed
from support.docker_stack import ENGINE_URL, docker_stack
from support.file_watch import await_content
from support.leftover_processes import belonging_to, kill_below
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG_S = 600.0
SOON_S = 60.0
HANGS = "echo up > {folder}/up; exec sleep 1000"


@contextmanager
def waiting(wait: Callable[[Interruption], object]) -> Iterator[Interruption]:
    """Let somebody wait in a thread of its own; the wait must fail as killed once it was interrupted."""
    interruption = Interruption()
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(wait, interruption)
        try:
            yield interruption
        finally:
            interruption.ask()
        error = waits.exception(SOON_S)
        assert isinstance(error, StepFailed), error
        assert error.code == "killed"


def test_git_that_waits_for_a_remote_ends_with_its_children(tmp_path: Path) -> None:
    repo = OpsRepo.create(tmp_path / "repos")
    repo.git("remote", "set-url", "origin", "ssh://host.invalid/ops.git")
    ssh = _program(tmp_path / "ssh.sh", HANGS)
    git = Git(repo.checkout, "origin", "main", ssh_command=str(ssh))
    with waiting(lambda interruption: git.heeding(interruption).fetch(LONG_S)) as interruption:
        await_content(tmp_path / "up", b"up")
        interruption.ask()
    assert list(belonging_to(str(tmp_path))) == []


def test_git_that_is_not_to_heed_it_goes_on(tmp_path: Path) -> None:
    repo = OpsRepo.create(tmp_path / "repos")
    git, interruption = Git(repo.checkout, "origin", "main"), Interruption()
    git.heeding(interruption)
    interruption.ask()
    assert git.state().head == repo.head()


def test_compose_that_reads_a_file_ends_with_its_children(tmp_path: Path) -> None:
    program = _program(tmp_path / "docker-compose", f"sh -c '{HANGS}'; true")
    compose = Compose("v1", "1.29.2", (str(program),))
    project = ComposeProject("web", tmp_path, tmp_path / "docker-compose.yaml")
    with waiting(lambda interruption: compose.config(project, dict(os.environ), interruption)) as interruption:
        await_content(tmp_path / "up", b"up")
        interruption.ask()
    assert list(belonging_to(str(tmp_path))) == []


def test_a_probe_of_an_endpoint_that_does_not_answer_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with waiting(lambda interruption: http_code(url, LONG_S, interruption)) as interruption:
            connection, _ = silent.accept()
            with connection:
                interruption.ask()


def test_waiting_for_a_container_that_never_gets_healthy_ends() -> None:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        probing = stack.run(stack.image(), healthcheck="echo no pulse; false")

        def wait(interruption: Interruption) -> object:
            deadline = time.monotonic() + LONG_S
            return engine.wait_settled([probing], frozenset({probing}), deadline, time.monotonic, interruption)

        with waiting(wait) as interruption:
            interruption.ask()
        engine.close()


def test_reading_a_backup_back_ends(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    set_dir = sets.set_directory(tmp_path, "prod", "web", "20260518_153012")
    files = (sets.write_config(set_dir, tmp_path, [Path("web")]),)
    sets.finish(set_dir, BackupSet("web", set_dir.name, "1234", 1, "2026-05-18T15:30:12Z", files))
    interruption = Interruption()
    interruption.ask()
    with pytest.raises(StepFailed) as caught:
        sets.verify(set_dir, interruption)
    assert caught.value.code == "killed"


@pytest.fixture(autouse=True)
def _nobody_left(tmp_path: Path) -> Iterator[None]:
    yield
    kill_below(tmp_path)


def _program(file: Path, script: str) -> Path:
    file.write_text(f"#!/bin/sh\n{script.format(folder=file.parent)}\n")
    file.chmod(0o755)
    return file
