"""Compose commands: what is typed, and what the real command line makes of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.adapters.docker.compose import Compose, ComposeProject, environment
from released.adapters.docker.compose_model import ComposeService
from released.adapters.docker.engine import DockerEngine
from released.adapters.interruption import Interruption
from released.domain.errors import Refused
from support.docker_stack import ENGINE_URL, DockerStack, docker_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = ComposeProject(
    "wiki", Path("/opt/ops/packages/wiki"), Path("/opt/ops/packages/wiki/c.yaml"), Path("/opt/ops/.env")
)
FRONT = ["-p", "wiki", "--project-directory", "/opt/ops/packages/wiki", "-f", "/opt/ops/packages/wiki/c.yaml"]
FRONT_ENV = [*FRONT, "--env-file", "/opt/ops/.env"]
V1 = Compose("v1", "1.29.2", ("docker-compose",))
V2 = Compose("v2", "2.26.1", ("docker", "compose"))


@pytest.fixture
def stack() -> Iterator[DockerStack]:
    with docker_stack() as made:
        yield made


@pytest.fixture
def env() -> dict[str, str]:
    return environment(os.environ, ENGINE_URL)


@pytest.fixture
def compose(env: dict[str, str]) -> Compose:
    return Compose.detect("auto", env)


# What is typed


@pytest.mark.parametrize(("compose", "command"), [(V1, ["docker-compose"]), (V2, ["docker", "compose"])])
def test_a_pull_names_project_file_variables_and_services(compose: Compose, command: list[str]) -> None:
    assert compose.pull(PROJECT, ["wiki", "db"]) == [*command, *FRONT_ENV, "pull", "wiki", "db"]


@pytest.mark.parametrize(("compose", "command"), [(V1, ["docker-compose"]), (V2, ["docker", "compose"])])
def test_a_build_names_project_file_variables_and_services(compose: Compose, command: list[str]) -> None:
    assert compose.build(PROJECT, ["wiki"]) == [*command, *FRONT_ENV, "build", "wiki"]


@pytest.mark.parametrize(("compose", "command"), [(V1, ["docker-compose"]), (V2, ["docker", "compose"])])
def test_a_recreate_touches_only_the_named_services(compose: Compose, command: list[str]) -> None:
    only = ["up", "-d", "--force-recreate", "--no-deps", "--no-build", "wiki"]
    assert compose.recreate(PROJECT, ["wiki"]) == [*command, *FRONT_ENV, *only]


def test_a_recreate_without_a_service_is_an_error_since_compose_would_recreate_all() -> None:
    with pytest.raises(ValueError, match="name the services"):
        V1.recreate(PROJECT, [])


def test_a_project_without_variables_has_no_env_file() -> None:
    bare = ComposeProject(PROJECT.name, PROJECT.directory, PROJECT.file)
    assert V1.pull(bare, ["wiki"]) == ["docker-compose", *FRONT, "pull", "wiki"]


def test_the_environment_holds_the_allowed_names_the_engine_and_ours() -> None:
    daemon = {
        "PATH": "/bin",
        "HOME": "/root",
        "LANG": "C",
        "COMPOSE_FILE": "x",
        "DOCKER_CONTEXT": "y",
        "DOCKER_HOST": "z",
    }
    expected = {"PATH": "/bin", "HOME": "/root", "LANG": "C", "DOCKER_HOST": ENGINE_URL, "WIKI_TAG": "2"}
    assert environment(daemon, ENGINE_URL, {"WIKI_TAG": "2"}) == expected


# Which Compose there is


def _install(folder: Path, name: str, script: str) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_v2_is_preferred_where_both_are_installed(tmp_path: Path) -> None:
    _install(tmp_path, "docker", 'test "$1 $2 $3" = "compose version --short" && echo 2.26.1-4')
    env = _install(tmp_path, "docker-compose", "echo 1.29.2")
    assert Compose.detect("auto", env) == Compose("v2", "2.26.1-4", ("docker", "compose"))


def test_v1_is_taken_where_the_configuration_insists(tmp_path: Path) -> None:
    _install(tmp_path, "docker", "echo 2.26.1")
    env = _install(tmp_path, "docker-compose", "echo 1.29.2")
    assert Compose.detect("v1", env) == V1


def test_v1_is_accepted_where_docker_has_no_compose(tmp_path: Path) -> None:
    _install(tmp_path, "docker", "exit 125")
    env = _install(tmp_path, "docker-compose", "echo 1.29.2")
    assert Compose.detect("auto", env) == V1


def test_a_stand_alone_v2_is_known_by_its_version(tmp_path: Path) -> None:
    env = _install(tmp_path, "docker-compose", "echo v2.40.3")
    assert Compose.detect("auto", env) == Compose("v2", "2.40.3", ("docker-compose",))


@pytest.mark.parametrize("version", ["1.25.0", "nonsense", ""])
def test_a_compose_that_is_too_old_or_says_no_version_is_not_taken(tmp_path: Path, version: str) -> None:
    env = _install(tmp_path, "docker-compose", f"echo {version}")
    with pytest.raises(Refused) as refused:
        Compose.detect("auto", env)
    assert refused.value.code == "compose_missing"


def test_a_missing_compose_is_refused_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        Compose.detect("v2", {"PATH": str(tmp_path)})
    assert refused.value.code == "compose_missing"
    assert refused.value.message.startswith("Compose v2 is not installed")
    assert "docker-compose-plugin" in refused.value.message


# What Compose makes of a file

FILE = """\
services:
  web:
    image: requarks/wiki:${TAG}
    container_name: ops-web
    environment: {PASSWORD: "${PASSWORD:-}"}
    volumes: ["data:/data", "./theme:/theme:ro", {type: volume, source: data, target: /again}]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
  built: {build: ., healthcheck: {disable: true}}
  debug: {image: "busybox:1", profiles: [debug]}
volumes: {data: {}}
"""


def _service(
    name: str,
    *,
    image: str | None = None,
    container_name: str | None = None,
    has_build: bool = False,
    has_healthcheck: bool = False,
    profiles: tuple[str, ...] = (),
    volumes: tuple[str, ...] = (),
) -> ComposeService:
    return ComposeService(name, image, container_name, has_build, has_healthcheck, profiles, volumes)


def _project(folder: Path, content: str, variables: str = "TAG=1\n", name: str = "wiki") -> ComposeProject:
    (folder / "docker-compose.yaml").write_text(content)
    (folder / ".env.release").write_text(variables)
    return ComposeProject(name, folder, folder / "docker-compose.yaml", folder / ".env.release")


def test_the_model_holds_what_compose_resolved(tmp_path: Path, compose: Compose, env: dict[str, str]) -> None:
    model = compose.config(_project(tmp_path, FILE), env, Interruption())
    assert model.services == (
        _service("built", has_build=True),
        _service("debug", image="busybox:1", profiles=("debug",)),
        _service("web", image="requarks/wiki:1", container_name="ops-web", has_healthcheck=True, volumes=("data",)),
    )


def test_a_given_image_tag_beats_the_one_of_the_env_file(tmp_path: Path, compose: Compose) -> None:
    env = environment(os.environ, ENGINE_URL, {"TAG": "2"})
    web = compose.config(_project(tmp_path, FILE), env, Interruption()).service("web")
    assert web is not None
    assert web.image == "requarks/wiki:2"


def test_a_model_never_holds_the_environment_of_a_service(
    tmp_path: Path, compose: Compose, env: dict[str, str]
) -> None:
    project = _project(tmp_path, FILE, "TAG=1\nPASSWORD=canary-4711\n")
    assert "canary-4711" not in repr(compose.config(project, env, Interruption()))


def test_an_unreadable_file_is_refused_with_composes_words_masked(
    tmp_path: Path, compose: Compose, env: dict[str, str]
) -> None:
    broken = "services: {web: {image: x, depends_on: ['${PASSWORD}']}}"
    project = _project(tmp_path, broken, "PASSWORD=canary-4711\n")
    with pytest.raises(Refused) as unmasked:
        compose.config(project, env, Interruption())
    with pytest.raises(Refused) as refused:
        compose.config(project, env, Interruption(), mask=lambda text: text.replace("canary-4711", "***"))
    assert "canary-4711" in unmasked.value.message
    assert refused.value.code == "compose_invalid"
    assert str(project.file) in refused.value.message
    assert "canary-4711" not in refused.value.message


def test_v2_is_asked_for_json_of_every_profile_and_its_answer_is_read(tmp_path: Path) -> None:
    answer = {"name": "wiki", "services": {"web": {"image": "w:1", "volumes": [
        {"type": "volume", "source": "data", "target": "/data", "volume": {}},
        {"type": "bind", "source": "/opt/ops/theme", "target": "/theme"},
    ], "healthcheck": {"disable": True}, "build": {"context": "/opt"}}}}  # fmt: skip
    script = f"case \"$*\" in *'--profile * config --format json') echo '{json.dumps(answer)}';; *) exit 1;; esac"
    env = _install(tmp_path / "bin", "docker", script)
    (web,) = V2.config(_project(tmp_path, FILE), env, Interruption()).services
    assert web == _service("web", image="w:1", has_build=True, volumes=("data",))


# The real thing


def _running(engine: DockerEngine, project: str) -> dict[str, tuple[str, str]]:
    return {one.service: (one.id, one.image_ref) for one in engine.containers_of(project)}


def test_a_recreate_changes_the_named_container_and_no_other(
    tmp_path: Path, stack: DockerStack, compose: Compose, env: dict[str, str]
) -> None:
    old, new = stack.image(tag="1"), stack.image(tag="2")
    repository = old.rpartition(":")[0]
    content = f"""\
services:
  web: {{image: "{repository}:${{TAG}}", depends_on: [db]}}
  db: {{image: "{repository}:${{TAG}}"}}
"""
    project = _project(tmp_path, content, "TAG=1\n", stack.project())
    engine = DockerEngine(ENGINE_URL, stack.prefix)
    _do(compose.recreate(project, ["web", "db"]), env)
    before = _running(engine, project.name)
    _do(compose.recreate(project, ["web"]), {**env, "TAG": "2"})
    after = _running(engine, project.name)
    engine.close()
    assert after["db"] == before["db"] == (before["db"][0], old)
    assert after["web"][0] != before["web"][0]
    assert after["web"][1] == new


def _do(argv: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
