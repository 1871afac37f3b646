"""The Docker engine as the adapter shows it, on the real engine."""

from __future__ import annotations

import io
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from docker.types import Mount

from released.adapters.docker.containers import Running
from released.adapters.docker.engine import DockerEngine
from released.adapters.docker.volumes import HELPER_LABEL, MOUNT_POINT
from released.adapters.interruption import Interruption
from released.domain.errors import Refused, StepFailed
from released.domain.redaction import Redactor
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, DockerStack, docker_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OWNER = f"test-{uuid4().hex}"
LONG_S = 60.0
SHORT_S = 2.0
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


@pytest.fixture
def stack() -> Iterator[DockerStack]:
    with docker_stack() as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def warm_build_cache() -> Iterator[None]:
    with docker_stack() as kept:
        kept.image()
        yield


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    made = DockerEngine(ENGINE_URL, OWNER)
    yield made
    made.close()


def settled(engine: DockerEngine, ids: Sequence[str], needing: set[str], within_s: float) -> tuple[Running, ...]:
    """Wait for containers, with nobody who interrupts that."""
    return engine.wait_settled(ids, frozenset(needing), time.monotonic() + within_s, time.monotonic, Interruption())


def test_an_engine_that_is_not_there_is_refused_with_its_address_and_what_to_do(tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/none.sock"
    with pytest.raises(Refused) as refused:
        DockerEngine(url, OWNER).ping()
    assert refused.value.code == "engine_unreachable"
    assert url in refused.value.message
    assert "Start it" in refused.value.message


def test_an_engine_that_answers_passes_a_ping(engine: DockerEngine) -> None:
    engine.ping()


def test_the_data_root_is_an_absolute_path(engine: DockerEngine) -> None:
    assert engine.data_root().is_absolute()


def test_an_unknown_container_is_none(engine: DockerEngine, stack: DockerStack) -> None:
    assert engine.container(f"{stack.prefix}-nobody") is None


def test_a_container_is_told_with_its_image_and_its_compose_labels(engine: DockerEngine, stack: DockerStack) -> None:
    image = stack.image()
    started = stack.run(image, name="web", labels={PROJECT: stack.prefix, SERVICE: "web"})
    found = engine.container(f"{stack.prefix}-web")
    assert found is not None
    assert (found.id, found.name, found.state) == (started, f"{stack.prefix}-web", "running")
    assert (found.image_ref, found.image_id) == (image, engine.image_id(image))
    assert (found.project, found.service, found.health) == (stack.prefix, "web", "")


def test_containers_of_a_project_come_in_any_state_and_by_service(engine: DockerEngine, stack: DockerStack) -> None:
    image = stack.image()
    for service in ("web", "db", "cache"):
        stack.run(image, name=service, labels={PROJECT: stack.prefix, SERVICE: service})
    engine.stop(f"{stack.prefix}-db")
    found = engine.containers_of(stack.prefix, ["web", "db"])
    assert [(one.service, one.state) for one in found] == [("db", "exited"), ("web", "running")]
    assert len(engine.containers_of(stack.prefix)) == 3


def test_the_projects_of_containers_are_read_from_those_that_exist(engine: DockerEngine, stack: DockerStack) -> None:
    image = stack.image()
    stack.run(image, name="web", labels={PROJECT: "intranet"})
    stack.run(image, name="plain")
    names = [f"{stack.prefix}-{name}" for name in ("web", "plain", "missing")]
    assert engine.projects_of(names) == {"intranet"}


def test_waiting_ends_when_a_slow_container_has_become_healthy(engine: DockerEngine, stack: DockerStack) -> None:
    # Probes 1 to 3 fail, so that it is unhealthy for a while before the fourth succeeds.
    fourth_time = "echo x >> /probes; test $(wc -l < /probes) -ge 4"
    slow = stack.run(stack.image(), healthcheck=fourth_time)
    plain = stack.run(stack.image())
    found = settled(engine, [slow, plain], {slow, plain}, LONG_S)
    assert [(one.id, one.state, one.health) for one in found] == [(slow, "running", "healthy"), (plain, "running", "")]


def test_waiting_does_not_ask_for_health_where_it_is_not_needed(engine: DockerEngine, stack: DockerStack) -> None:
    sick = stack.run(stack.image(), healthcheck="false")
    (found,) = settled(engine, [sick], set(), LONG_S)
    assert found.state == "running"
    assert found.health != "healthy"


def test_waiting_ends_early_when_a_container_has_exited(engine: DockerEngine, stack: DockerStack) -> None:
    # Its first probe ends it, so it ends while it is waited for.
    leaving = stack.run(stack.image("trap 'exit 7' USR1\n" + SERVE_FOREVER), healthcheck="kill -USR1 1; false")
    (found,) = settled(engine, [leaving], {leaving}, LONG_S)
    assert (found.state, found.exit_code, found.lost) == ("exited", 7, True)


def test_waiting_ends_early_when_a_container_was_removed(engine: DockerEngine, stack: DockerStack) -> None:
    removed = stack.run(stack.image())
    stack.api.remove_container(removed, force=True)
    (found,) = settled(engine, [removed], {removed}, LONG_S)
    assert (found.id, found.state) == (removed, "gone")


def test_waiting_for_one_that_never_gets_healthy_ends_at_the_deadline(engine: DockerEngine, stack: DockerStack) -> None:
    sick = stack.run(stack.image(), healthcheck="echo no pulse; false")
    (found,) = settled(engine, [sick], {sick}, SHORT_S)
    assert found.state == "running"
    assert found.health in {"starting", "unhealthy"}


def test_waiting_past_the_deadline_still_looks_once(engine: DockerEngine, stack: DockerStack) -> None:
    running = stack.run(stack.image())
    (found,) = settled(engine, [running], {running}, -1)
    assert found.state == "running"


def test_the_health_log_shows_what_the_probes_said(engine: DockerEngine, stack: DockerStack) -> None:
    well = stack.run(stack.image(), healthcheck="echo pulse 72")
    settled(engine, [well], {well}, LONG_S)
    assert "exit 0: pulse 72" in engine.health_log(well)


def test_the_tail_of_the_log_is_cut_to_the_characters_asked_for(engine: DockerEngine, stack: DockerStack) -> None:
    done = stack.run(stack.image("echo the beginning; echo the end"))
    stack.api.wait(done)
    assert engine.logs_tail(done, str, max_characters=8) == "the end\n"


def test_a_secret_across_the_cut_of_the_log_leaves_no_part_of_itself(engine: DockerEngine, stack: DockerStack) -> None:
    done = stack.run(stack.image("echo password=hunter22; echo the end"))
    stack.api.wait(done)
    tail = engine.logs_tail(done, Redactor(["hunter22"]).mask, max_characters=len("ter22\nthe end\n"))
    assert tail == "d=***\nthe end\n"


def test_a_container_is_stopped_started_paused_and_unpaused_and_again(engine: DockerEngine, stack: DockerStack) -> None:
    one = stack.run(stack.image())
    seen = []
    for change in (engine.pause, engine.pause, engine.unpause, engine.unpause, engine.stop, engine.stop, engine.start):
        change(one)
        found = engine.container(one)
        seen.append(found.state if found else None)
    assert seen == ["paused", "paused", "running", "running", "exited", "exited", "running"]


def test_a_container_is_removed_and_may_be_gone_already(engine: DockerEngine, stack: DockerStack) -> None:
    one = stack.run(stack.image(), name="web")
    engine.remove_container(f"{stack.prefix}-web")
    engine.remove_container(one)
    assert engine.container(one) is None


def test_a_container_that_is_removed_may_first_end_its_work(engine: DockerEngine, stack: DockerStack) -> None:
    volume = stack.volume(f"{stack.prefix}-data")
    script = "trap 'echo bye > /v/farewell; exit 0' TERM\n: > /v/ready\nwhile :; do sleep 3600 & wait; done\n"
    one = stack.run(stack.image(script), healthcheck="test -e /v/ready", volumes={volume: "/v"})
    engine.wait_settled([one], frozenset({one}), time.monotonic() + LONG_S, time.monotonic, Interruption())
    engine.remove_container(one)
    stack.run_to_end('test "$(cat /v/farewell)" = bye', volumes={volume: "/v"})


def test_two_that_remove_a_container_at_one_time_both_see_it_gone(engine: DockerEngine, stack: DockerStack) -> None:
    one = stack.run(stack.image())
    other = DockerEngine(ENGINE_URL, OWNER)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: each.remove_container(one), (engine, other)))
    other.close()
    assert engine.container(one) is None


def test_volumes_without_a_name_are_told_and_outlive_their_container(engine: DockerEngine, stack: DockerStack) -> None:
    named = stack.volume(f"{stack.prefix}-data")
    mounts = [Mount("/named", named, type="volume"), Mount("/b", None, type="volume"), Mount("/a", None, type="volume")]
    host = stack.api.create_host_config(mounts=[*mounts, Mount("/host", "/etc", type="bind", read_only=True)])
    one = stack.api.create_container(stack.image(), host_config=host)["Id"]
    names = [mount["Name"] for mount in stack.api.inspect_container(one)["Mounts"] if mount["Type"] == "volume"]
    assert engine.anonymous_volumes(one) == ("/a", "/b")
    engine.remove_container(one)
    assert [engine.find_volume("", name) for name in names] == names
    assert engine.anonymous_volumes(one) == ()
    for name in set(names) - {named}:
        stack.api.remove_volume(name)


def test_an_image_is_tagged_twice_with_the_same_end(engine: DockerEngine, stack: DockerStack) -> None:
    image = engine.image_id(stack.image())
    assert image is not None
    kept = f"{stack.prefix}/kept"
    stack.remove_later(f"{kept}:before")
    engine.tag_image(image, kept, "before")
    engine.tag_image(image, kept, "before")
    assert engine.image_id(f"{kept}:before") == image


@pytest.mark.parametrize("reference", ["{}/web:2.5", "127.0.0.1:5000/{}/web:2", "registry.example:443/{}", "{}"])
def test_a_reference_is_pointed_to_an_image(engine: DockerEngine, stack: DockerStack, reference: str) -> None:
    there = reference.format(stack.prefix)
    old, new = (engine.image_id(stack.image(f"echo {name}", tag=name)) for name in ("old", "new"))
    assert old
    assert new
    stack.remove_later(there)
    assert [engine.retag(image, there) for image in (new, old, old)] == [True, True, True]
    assert engine.image_id(there) == old


@pytest.mark.parametrize("reference", ["{id}", "{hex}", "{short}", "web@{id}", "web:1@{id}"])
def test_a_digest_or_an_id_is_not_pointed_anywhere(engine: DockerEngine, stack: DockerStack, reference: str) -> None:
    image = engine.image_id(stack.image())
    assert image
    before = _names_of(stack, image)
    digits = image.removeprefix("sha256:")
    assert not engine.retag(image, reference.format(id=image, hex=digits, short=digits[:12]))
    assert _names_of(stack, image) == before


def test_an_image_that_never_met_a_registry_has_no_digest(engine: DockerEngine, stack: DockerStack) -> None:
    assert engine.image_digests(stack.image()) == ()


def test_an_unknown_image_has_no_id(engine: DockerEngine, stack: DockerStack) -> None:
    assert engine.image_id(f"{stack.prefix}/none:1") is None


def test_a_refusal_of_the_engine_carries_its_own_words(engine: DockerEngine, stack: DockerStack) -> None:
    with pytest.raises(StepFailed) as failed:
        engine.start(f"{stack.prefix}-nobody")
    assert failed.value.code == "engine_refused"
    assert "No such container" in failed.value.message


def test_a_volume_is_found_by_compose_label_before_its_name(engine: DockerEngine, stack: DockerStack) -> None:
    name = f"{stack.prefix}-data"
    stack.volume(name)
    stack.volume(f"{stack.prefix}_real", {PROJECT: stack.prefix, "com.docker.compose.volume": name})
    assert engine.find_volume(stack.prefix, name) == f"{stack.prefix}_real"


def test_a_volume_is_found_by_plain_name_before_the_prefixed_one(engine: DockerEngine, stack: DockerStack) -> None:
    stack.volume(f"{stack.prefix}-data")
    stack.volume(f"pre-{stack.prefix}-data")
    assert engine.find_volume(stack.prefix, f"{stack.prefix}-data", "pre-") == f"{stack.prefix}-data"


def test_a_volume_is_found_by_its_name_with_the_prefix(engine: DockerEngine, stack: DockerStack) -> None:
    stack.volume(f"{stack.prefix}-data")
    assert engine.find_volume("other", "data", f"{stack.prefix}-") == f"{stack.prefix}-data"


def test_a_volume_that_is_not_there_is_none_and_is_not_made(engine: DockerEngine, stack: DockerStack) -> None:
    assert engine.find_volume(stack.prefix, f"{stack.prefix}-none") is None
    image = engine.image_id(stack.image())
    assert image is not None
    with pytest.raises(StepFailed):
        list(engine.read_volume(f"{stack.prefix}-none", image))
    assert engine.find_volume(stack.prefix, f"{stack.prefix}-none") is None


def test_reading_a_volume_gives_a_tar_stream_and_leaves_no_container(engine: DockerEngine, stack: DockerStack) -> None:
    volume = stack.volume(f"{stack.prefix}-data")
    stack.run_to_end("echo hello > /v/greeting", volumes={volume: "/v"})
    image = engine.image_id(stack.image())
    assert image is not None
    with tarfile.open(fileobj=io.BytesIO(b"".join(engine.read_volume(volume, image)))) as tar:
        assert "./greeting" in tar.getnames() or "greeting" in tar.getnames()
    assert _helpers_of(stack, volume) == []
    assert engine.find_volume("", volume) == volume


def test_a_reader_that_stops_half_way_leaves_no_container(engine: DockerEngine, stack: DockerStack) -> None:
    volume = stack.volume(f"{stack.prefix}-data")
    image = engine.image_id(stack.image())
    assert image is not None
    chunks = engine.read_volume(volume, image)
    assert next(chunks)
    chunks.close()
    assert _helpers_of(stack, volume) == []


def test_reading_does_not_fill_an_empty_volume_from_the_image(engine: DockerEngine, stack: DockerStack) -> None:
    volume = stack.volume(f"{stack.prefix}-data")
    filled = stack.run(stack.image(f"mkdir {MOUNT_POINT}; echo stray > {MOUNT_POINT}/stray"))
    stack.api.wait(filled)
    image = stack.api.commit(filled, f"{stack.prefix}/filled", "1")["Id"]
    stack.remove_later(f"{stack.prefix}/filled:1")
    list(engine.read_volume(volume, image))
    stack.run_to_end('test -z "$(ls /v)"', volumes={volume: "/v"})


def test_helpers_that_a_crash_left_behind_are_removed(engine: DockerEngine, stack: DockerStack) -> None:
    volume = stack.volume(f"{stack.prefix}-data")
    left = stack.api.create_container(
        stack.image(),
        labels={HELPER_LABEL: OWNER},
        host_config=stack.api.create_host_config(mounts=[Mount("/v", volume, type="volume")]),
    )
    other = stack.run(stack.image(), labels={HELPER_LABEL: f"{OWNER}-other"})
    assert engine.remove_helpers() == 1
    assert engine.container(left["Id"]) is None
    assert engine.container(other) is not None


def _names_of(stack: DockerStack, image_id: str) -> list[list[str]]:
    return [one["RepoTags"] for one in stack.api.images() if one["Id"] == image_id]


def _helpers_of(stack: DockerStack, volume: str) -> list[object]:
    return list(stack.api.containers(all=True, filters={"label": [HELPER_LABEL], "volume": [volume]}))
