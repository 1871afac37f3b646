"""A command is stopped with everything that it started, however that tries to get away, and nobody else is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import released
from released.adapters.commands import process
from released.adapters.commands.scripts import Exit, Exited, Lost, Orphaned, Running, Scripts
from released.domain.errors import StepFailed, StepInDoubt
from support.leftover_processes import belonging_to, kill_below
from support.process_state import await_dead
from support.script_slot import (
    await_ready,
    furnish,
    let_go,
    output,
    shell,
    specification,
    start_then_kill_the_daemon,
    started,
    witnesses,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON_S = 0.2
READY = "echo $$ > ready"
FOR_EVER = "sleep 1000"
QUIET = "> /dev/null 2>&1"
DAEMON = f"(setsid {FOR_EVER} {QUIET} &)"
HOP = f'#!/bin/sh\ntrap "" TERM\ntest $1 -gt 0 && setsid ./hop.sh $(($1 - 1)) {QUIET} &\n'
"""Forks a successor into a session of its own and ends, so many times; nobody sees it at one place twice."""

TREES = {
    "in a session of its own": f"setsid {FOR_EVER} & {READY}; {FOR_EVER}",
    "a daemon by double fork": f"{DAEMON} & {READY}; {FOR_EVER}",
    "a daemon that is deaf to TERM": f"trap '' TERM; {DAEMON}; trap - TERM; {READY}; {FOR_EVER}",
    "deaf to TERM as a whole": f"trap '' TERM; {FOR_EVER} & {READY}; {FOR_EVER}",
    "answering TERM with a fork": f"trap '{DAEMON}' TERM; {READY}; {FOR_EVER} & wait; wait",
    "halted by a signal": f"(setsid sh -c '{READY}; kill -STOP $$' {QUIET} &); {FOR_EVER}",
    "ending before its daemon": f"trap '' TERM; {DAEMON}; trap 'exit 3' TERM; {READY}; {FOR_EVER} & wait",
    "a storm of forks": f"trap '' TERM; {READY}; i=0; while [ $i -lt 3000 ]; do {FOR_EVER} & i=$((i + 1)); done; wait",
    "hopping from fork to fork": f"./hop.sh 20000 & ./hop.sh 20000 & ./hop.sh 20000 & {READY}; {FOR_EVER}",
}


WITHOUT_GROUP = f"""\
import sys
sys.path.insert(0, {str(Path(released.__file__).parents[1])!r})
from released.adapters.commands.shim import cgroup, program
cgroup.make = lambda pid, start_time: ""
program.main()
"""
"""A shim on a machine where no control group can be made."""
DEAF_TO_KILL = f"""\
import sys
sys.path.insert(0, {str(Path(released.__file__).parents[1])!r})
from released.adapters.commands.shim import cgroup, descendants, program, watch
cgroup.make = lambda pid, start_time: ""
send, watch._ABANDON_S = descendants.send, 0.1
descendants.send = lambda one, number: number == 9 or send(one, number)
program.main()
"""
"""A shim whose KILL reaches nobody, as it does not reach who is stuck in the kernel."""


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Path]:
    yield furnish(tmp_path)
    kill_below(tmp_path)


def left(slot: Path) -> list[int]:
    """List who still lives of the command in the slot."""
    return list(belonging_to(str(slot.parent.parent)))


def stopped(slot: Path, script: str, **limits: object) -> Exit:
    """Run a script, stop it as soon as it is ready, and give its end."""
    scripts = Scripts(kill_grace_s=SOON_S)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(scripts.run, slot, shell(script, slot, **limits))
        await_ready(slot)
        scripts.stop(slot)
        return running.result()


@pytest.mark.parametrize("tree", TREES)
def test_nobody_is_left_of_a_command_that_was_stopped(slot: Path, tree: str) -> None:
    _write_program(slot.parent.parent / "hop.sh", HOP)
    ended = stopped(slot, TREES[tree])
    assert (ended.stopped_by, left(slot)) == ("kill", [])


@pytest.mark.parametrize("limit", ["timeout", "idle"])
def test_nobody_is_left_of_a_command_that_passed_a_limit(slot: Path, limit: str) -> None:
    script = f"trap '' TERM; {DAEMON}; {FOR_EVER}"
    ended = Scripts(kill_grace_s=SOON_S).run(slot, shell(script, slot, **{f"{limit}_s": 1.0}))
    assert (ended.stopped_by, left(slot)) == (limit, [])


def test_a_command_that_is_stopped_may_tidy_up_and_its_exit_status_and_output_are_kept(slot: Path) -> None:
    ended = stopped(slot, f"trap 'echo tidied; exit 4' TERM; {READY}; {FOR_EVER} & wait")
    assert (ended.rc, ended.stopped_by, output(slot)) == (4, "kill", "tidied\n")


def test_a_command_that_is_stopped_twice_gets_term_once(slot: Path) -> None:
    scripts = Scripts(kill_grace_s=SOON_S)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(
            scripts.run, slot, shell(f"trap 'echo term' TERM; {READY}; while :; do {FOR_EVER} & wait; done", slot)
        )
        await_ready(slot)
        scripts.stop(slot)
        scripts.stop(slot)
        running.result()
    assert output(slot) == "term\n"


def test_another_daemon_than_the_one_that_started_a_command_can_stop_it(slot: Path) -> None:
    start_then_kill_the_daemon(slot)
    Scripts().stop(slot)
    assert (Scripts().wait(slot).stopped_by, left(slot), witnesses(slot)) == ("kill", [], 0)


def test_a_command_that_was_stopped_before_it_began_is_never_run(slot: Path) -> None:
    Scripts().stop(slot)
    with pytest.raises(StepFailed) as caught:
        Scripts().run(slot, shell("echo ran >> witness", slot))
    assert (caught.value.code, witnesses(slot)) == ("killed", 0)


def test_a_command_that_is_stopped_while_its_shim_starts_is_never_run(slot: Path) -> None:
    scripts = Scripts(on_fault=lambda point: Scripts().stop(slot) if point == "shim-spawned" else None)
    with pytest.raises(StepFailed) as caught:
        scripts.run(slot, shell("echo ran >> witness", slot))
    assert (caught.value.code, witnesses(slot)) == ("killed", 0)


def test_a_command_that_is_over_stays_as_it_ended(slot: Path) -> None:
    ended = Scripts().run(slot, shell("exit 3", slot))
    Scripts().stop(slot)
    assert Scripts().fate(slot) == Exited(ended)


def test_what_a_command_left_in_the_background_lives_on_where_nobody_stops_it(slot: Path) -> None:
    Scripts().run(slot, shell(DAEMON, slot))
    assert left(slot) != []


def test_orphans_of_a_command_are_buried_while_it_runs(slot: Path) -> None:
    orphan = "(sh -c 'echo $$ > orphan' &); until test -s orphan; do :; done"
    script = f"{orphan}; while test -e /proc/$(cat orphan); do :; done; echo buried"
    Scripts().run(slot, shell(script, slot, timeout_s=20.0))
    assert output(slot) == "buried\n"


# --- somebody else -------------------------------------------------------------------------------------------------


def test_a_process_of_the_same_name_that_is_none_of_the_command_lives_on(slot: Path, tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "read go < go"], cwd=tmp_path, start_new_session=True) as stranger:
        stopped(slot, f"sh -c 'read go < go' & {READY}; {FOR_EVER}")
        assert left(slot) == [stranger.pid]
        stranger.kill()


@pytest.mark.parametrize("forged", [{"start_time": 1}, {"boot_id": "an-earlier-boot"}], ids=["start time", "boot id"])
def test_a_stranger_with_the_pid_of_a_shim_gets_no_signal(slot: Path, forged: dict[str, object]) -> None:
    slot.mkdir(parents=True)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as stranger:
        identity = process.identify(stranger.pid)
        assert identity is not None
        (slot / "started.json").write_text(json.dumps({**vars(identity), **forged}))
        Scripts().stop(slot)
    assert stranger.returncode == 0


def test_a_command_whose_shim_was_killed_meanwhile_is_in_doubt(slot: Path) -> None:
    start_then_kill_the_daemon(slot)
    fate = Scripts().fate(slot)
    assert isinstance(fate, Running)
    os.kill(fate.shim.pid, signal.SIGKILL)
    process.await_end(fate.shim)
    Scripts().stop(slot)
    with pytest.raises(StepInDoubt):
        Scripts().wait(slot)


def test_nobody_is_left_where_no_control_group_can_be_made(slot: Path) -> None:
    slot.mkdir(parents=True)
    order = json.loads(specification(slot, f"trap '' TERM; {DAEMON}; {FOR_EVER}")) | {"timeout_s": 0.5}
    order |= {"kill_grace_s": SOON_S}
    argv = [sys.executable, "-I", "-S", "-c", WITHOUT_GROUP, str(slot)]
    subprocess.run(argv, input=json.dumps(order).encode(), check=True)
    assert (started(slot)["cgroup"], left(slot)) == ("", [])


def orphaned(slot: Path) -> Orphaned:
    """Have the paused script outlive its daemon and its shim."""
    start_then_kill_the_daemon(slot)
    fate = Scripts().fate(slot)
    assert isinstance(fate, Running)
    os.kill(fate.shim.pid, signal.SIGKILL)
    process.await_end(fate.shim)
    if not started(slot)["cgroup"]:
        pytest.skip("no control group of version 2 can be made here")
    found = Scripts().fate(slot)
    assert isinstance(found, Orphaned)
    return found


def test_a_command_whose_shim_was_killed_is_waited_for_and_lost(slot: Path) -> None:
    group = orphaned(slot).group
    let_go(slot)
    with pytest.raises(StepInDoubt):
        Scripts().wait(slot)
    assert (Scripts().fate(slot), left(slot), Path(group).exists()) == (Lost(), [], False)


def test_a_group_in_which_somebody_was_left_behind_goes_with_the_next_command(slot: Path) -> None:
    Scripts().run(slot, shell("(read go < go) > /dev/null 2>&1 & echo $! > behind", slot))
    if not (group := str(started(slot)["cgroup"])):
        pytest.skip("no control group of version 2 can be made here")
    stayed = Path(group).exists()
    let_go(slot)
    await_dead(int((slot.parent.parent / "behind").read_text()))
    Scripts().run(slot.with_name("2"), shell("true", slot))
    assert (stayed, Path(group).exists()) == (True, False)


def test_a_command_whose_shim_was_killed_can_be_stopped(slot: Path) -> None:
    orphaned(slot)
    Scripts().stop(slot)
    with pytest.raises(StepInDoubt):
        Scripts().wait(slot)
    assert (left(slot), witnesses(slot)) == ([], 0)


def test_who_cannot_be_ended_is_named_in_the_output(slot: Path) -> None:
    slot.mkdir(parents=True)
    order = json.loads(specification(slot, f"(trap '' TERM; exec {FOR_EVER}) & {FOR_EVER}"))
    order |= {"timeout_s": 0.5, "kill_grace_s": SOON_S}
    argv = [sys.executable, "-I", "-S", "-c", DEAF_TO_KILL, str(slot)]
    subprocess.run(argv, input=json.dumps(order).encode(), check=True)
    assert output(slot).endswith(f"[released: these processes could not be ended: {left(slot)[0]} (sleep)]\n")


def _write_program(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)
