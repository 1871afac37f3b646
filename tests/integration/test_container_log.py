"""What containers print, read from the real engine: whole lines, each once, over restarts and successors."""

from __future__ import annotations

import threading
from queue import Queue
from typing import TYPE_CHECKING

import pytest
from docker.types import LogConfig

from released.adapters.docker.container_log import LONGEST_LINE_BYTES
from released.adapters.docker.engine import DockerEngine
from support.docker_stack import ENGINE_URL, SERVE_FOREVER, DockerStack, docker_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from released.adapters.docker.container_log import ContainerLog

PATIENCE_S = 60.0
NAME = "web"


@pytest.fixture(name="stack")
def _stack() -> Iterator[DockerStack]:
    with docker_stack() as stack:
        yield stack


@pytest.fixture(name="engine")
def _engine() -> Iterator[DockerEngine]:
    engine = DockerEngine(ENGINE_URL, owner="test")
    yield engine
    engine.close()


def _run(stack: DockerStack, script: str, *, ends: bool = True) -> str:
    container = stack.run(stack.image(script), name=NAME)
    if ends:
        stack.api.wait(container)
    return container


def _read(stack: DockerStack, engine: DockerEngine, tail: int = 100) -> list[bytes]:
    return list(engine.log(f"{stack.prefix}-{NAME}", tail).lines(follow=False))


class Following:
    """A log that is followed in a thread, as the daemon does."""

    def __init__(self, log: ContainerLog) -> None:
        self._log = log
        self._lines: Queue[bytes] = Queue()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def next(self) -> bytes:
        """Wait for the next line."""
        return self._lines.get(timeout=PATIENCE_S)

    def close(self) -> list[bytes]:
        """Stop following, wait for the thread, and give what was not read yet."""
        self._log.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return [self._lines.get() for _ in range(self._lines.qsize())]

    def _follow(self) -> None:
        for line in self._log.lines(follow=True):
            self._lines.put(line)


@pytest.fixture(name="following")
def _following(stack: DockerStack, engine: DockerEngine) -> Iterator[Following]:
    """Follow a container before there is one."""
    following = Following(engine.log(f"{stack.prefix}-{NAME}", 100))
    yield following
    following.close()


def test_both_streams_are_read_in_whole_lines(stack: DockerStack, engine: DockerEngine) -> None:
    _run(stack, "echo one\necho two >&2\nprintf three\n")
    assert sorted(_read(stack, engine)) == [b"one\n", b"three\n", b"two\n"]


def test_only_the_last_lines_are_read(stack: DockerStack, engine: DockerEngine) -> None:
    _run(stack, "for word in one two three; do echo $word; done\n")
    assert _read(stack, engine, tail=2) == [b"two\n", b"three\n"]


def test_a_line_that_the_engine_keeps_in_pieces_is_put_together(stack: DockerStack, engine: DockerEngine) -> None:
    _run(stack, "head -c 40000 /dev/zero | tr '\\0' x\necho end\n")
    assert _read(stack, engine) == [b"x" * 40000 + b"end\n"]


def test_the_rest_of_a_line_that_never_ends_is_dropped(stack: DockerStack, engine: DockerEngine) -> None:
    _run(stack, "head -c 1000000 /dev/zero | tr '\\0' x\necho\necho after\n")
    cut, after = _read(stack, engine)
    assert (len(cut), after) == (LONGEST_LINE_BYTES + 1, b"after\n")


def test_a_container_with_a_terminal_is_read_too(stack: DockerStack, engine: DockerEngine) -> None:
    image = stack.image("echo one\necho two\n")
    made = stack.api.create_container(
        image, name=f"{stack.prefix}-{NAME}", labels={"released.test": stack.prefix}, tty=True
    )
    stack.api.start(made["Id"])
    stack.api.wait(made["Id"])
    assert _read(stack, engine) == [b"one\r\n", b"two\r\n"]


def test_a_container_that_does_not_exist_yet_is_waited_for(stack: DockerStack, following: Following) -> None:
    _run(stack, f"echo first\n{SERVE_FOREVER}", ends=False)
    assert following.next() == b"first\n"


def test_a_container_that_is_restarted_is_followed_without_repetition(stack: DockerStack, following: Following) -> None:
    container = _run(stack, f"echo start >>/starts\nwc -l </starts\n{SERVE_FOREVER}", ends=False)
    first = following.next()
    stack.api.restart(container, timeout=5)
    assert [first, following.next()] == [b"1\n", b"2\n"]


def test_a_container_that_is_recreated_is_followed_on(stack: DockerStack, following: Following) -> None:
    old = _run(stack, f"echo first\n{SERVE_FOREVER}", ends=False)
    assert following.next() == b"first\n"
    stack.api.remove_container(old, force=True)
    stack.run(stack.image(f"echo second\n{SERVE_FOREVER}", tag="2"), name=NAME)
    assert following.next() == b"second\n"


def test_a_log_that_is_silent_can_be_closed(stack: DockerStack, following: Following) -> None:
    _run(stack, f"echo first\n{SERVE_FOREVER}", ends=False)
    following.next()
    assert following.close() == []


def test_a_container_whose_log_cannot_be_read_says_so(stack: DockerStack, engine: DockerEngine) -> None:
    made = stack.api.create_container(
        stack.image("echo one\n"),
        name=f"{stack.prefix}-{NAME}",
        labels={"released.test": stack.prefix},
        host_config=stack.api.create_host_config(log_config=LogConfig(type="none")),
    )
    stack.api.start(made["Id"])
    stack.api.wait(made["Id"])
    (line,) = _read(stack, engine)
    assert line.startswith(b"[released: the engine keeps no log to read: ")
