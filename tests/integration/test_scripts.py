"""Commands outlive the daemon, and their fate is known after a restart: real shims, real scripts, real kill -9."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.adapters.commands import process
from released.adapters.commands.scripts import Command, Exited, Lost, NotStarted, Running, Scripts
from released.adapters.commands.shim import records
from released.adapters.commands.shim.output import Output
from released.domain.errors import StepFailed, StepInDoubt
from support import doomed_daemon
from support.file_watch import await_content
from support.leftover_processes import kill_below
from support.process_state import await_dead
from support.script_slot import (
    PAUSED,
    await_ready,
    feed_a_shim,
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

    from support.evidence import Evidence

CANARY = "correct-horse-battery"


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Path]:
    yield furnish(tmp_path)
    kill_below(tmp_path)


# --- running -------------------------------------------------------------------------------------------------------


def test_a_command_leaves_its_exit_status(slot: Path) -> None:
    assert Scripts().run(slot, shell("exit 3", slot)).rc == 3


def test_output_and_errors_are_kept_in_the_order_in_which_they_came(slot: Path) -> None:
    Scripts().run(slot, shell("echo one; echo two >&2; echo three", slot))
    assert output(slot) == "one\ntwo\nthree\n"


def test_size_and_hash_of_the_output_are_in_the_result(slot: Path) -> None:
    ended = Scripts().run(slot, shell("echo one", slot))
    assert (ended.output_bytes, ended.output_sha256) == (4, hashlib.sha256(b"one\n").hexdigest())


def test_a_command_killed_by_a_signal_ends_with_128_and_the_signal(slot: Path) -> None:
    assert Scripts().run(slot, shell("kill -KILL $$", slot)).rc == 137


def test_a_command_that_does_not_exist_ends_with_127_and_says_so(slot: Path, tmp_path: Path) -> None:
    ended = Scripts().run(slot, Command(("/does/not/exist",), tmp_path, {}))
    assert (ended.rc, "cannot run /does/not/exist" in output(slot)) == (127, True)


def test_a_command_that_is_not_executable_ends_with_126_and_says_so(slot: Path, tmp_path: Path) -> None:
    ended = Scripts().run(slot, Command((__file__,), tmp_path, {}))
    assert (ended.rc, "Permission denied" in output(slot)) == (126, True)


def test_a_command_sees_only_the_environment_it_was_given(slot: Path, tmp_path: Path) -> None:
    Scripts().run(slot, Command(("/usr/bin/env",), tmp_path, {"TICKET": "1234", "UMLAUT": "grün"}))
    assert output(slot) == "TICKET=1234\nUMLAUT=grün\n"


def test_a_command_reads_nothing_from_stdin(slot: Path) -> None:
    Scripts().run(slot, shell("cat; echo end", slot))
    assert output(slot) == "end\n"


def test_the_index_tells_the_line_at_which_each_chunk_begins(slot: Path) -> None:
    Scripts().run(slot, shell("seq 50000", slot))
    kept = (slot / "output").read_bytes()
    entries = [json.loads(line) for line in (slot / "output.index").read_text().splitlines()]
    assert len(entries) > 1
    assert [entry["line"] for entry in entries] == [kept[: entry["offset"]].count(b"\n") for entry in entries]


def test_the_index_tells_when_the_first_chunk_came(slot: Path) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    ended = Scripts().run(slot, shell("echo one", slot))
    first = json.loads((slot / "output.index").read_text().splitlines()[0])
    assert before <= dt.datetime.fromisoformat(first["at"]) <= ended.ended


def test_files_of_a_slot_are_for_us_alone(slot: Path) -> None:
    Scripts().run(slot, shell("echo one", slot))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (slot, *slot.iterdir())}
    names = ("output", "output.index", "result.json", "shim.log", "started.json")
    assert modes == {"1": 0o700, **dict.fromkeys(names, 0o600)}


def test_a_slot_that_was_used_is_refused_instead_of_believed(slot: Path) -> None:
    Scripts().run(slot, shell("echo ran >> witness", slot))
    with pytest.raises(StepFailed) as caught:
        Scripts().run(slot, shell("echo ran >> witness", slot))
    assert (caught.value.code, witnesses(slot)) == ("slot_taken", 1)


# --- secrets and size ----------------------------------------------------------------------------------------------


def test_a_secret_is_masked_wherever_reads_cut_it(slot: Path) -> None:
    script = f"yes {CANARY} | head -n 20000 | tr -d '\\n'"
    Scripts().run(slot, shell(script, slot, secrets=(CANARY,)))
    assert output(slot) == "***" * 20000


def test_a_prompt_is_seen_while_a_possible_secret_is_held_back(slot: Path) -> None:
    slot.mkdir(parents=True)
    script = f"printf 'Password: {CANARY[:9]}'; read go < go; printf '{CANARY[9:]}'"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(Scripts().run, slot, shell(script, slot, secrets=(CANARY,)))
        await_content(slot / "output", b"Password: ")
        seen = output(slot)
        let_go(slot)
        running.result()
    assert (seen, output(slot)) == ("Password: ", "Password: ***")


def test_output_that_ends_with_the_beginning_of_a_secret_is_kept_whole(slot: Path) -> None:
    Scripts().run(slot, shell(f"printf 'it was {CANARY[:9]}'", slot, secrets=(CANARY,)))
    assert output(slot) == f"it was {CANARY[:9]}"


def test_no_secret_is_in_the_arguments_or_the_environment_of_the_shim(slot: Path) -> None:
    command = shell(f"export PASSWORD={CANARY}; {PAUSED}", slot, secrets=(CANARY,))
    with ThreadPoolExecutor() as pool:
        running = pool.submit(Scripts().run, slot, command)
        await_ready(slot)
        about = Path(f"/proc/{started(slot)['pid']}")
        seen = (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
        let_go(slot)
        running.result()
    assert CANARY.encode() not in seen


def test_output_beyond_the_cap_is_cut_with_a_visible_line(slot: Path, evidence: Evidence) -> None:
    """Row 52: a command prints a hundred times what is kept, and is not held up."""
    ended = Scripts().run(slot, shell("yes | head -c 100M", slot, output_cap_bytes=2**20))
    evidence.fired(int(ended.rc == 0))
    assert output(slot) == "y\n" * 2**19 + "[released: output cut at 1 MiB]\n"


def test_a_command_goes_on_when_the_disk_takes_no_more_output(slot: Path) -> None:
    slot.mkdir(parents=True)
    (slot / "output").symlink_to("/dev/full")
    descriptor = os.open(slot, os.O_RDONLY)
    kept = Output(descriptor, 1000)
    kept.append(b"one\n")
    os.close(descriptor)
    assert kept.is_cut


# --- limits --------------------------------------------------------------------------------------------------------


def test_a_command_that_runs_too_long_is_stopped(slot: Path) -> None:
    ended = Scripts().run(slot, shell("read never < go", slot, timeout_s=0.1))
    assert (ended.stopped_by, ended.rc) == ("timeout", 143)


def test_a_command_that_is_silent_too_long_is_stopped(slot: Path) -> None:
    ended = Scripts().run(slot, shell("echo busy; read never < go", slot, idle_s=0.1))
    assert (ended.stopped_by, ended.rc) == ("idle", 143)


def test_a_command_that_keeps_talking_is_not_idle(slot: Path) -> None:
    ended = Scripts().run(slot, shell("timeout 1.5 yes", slot, idle_s=1))
    assert (ended.stopped_by, ended.rc) == ("", 124)


def test_a_command_that_ignores_term_is_killed(slot: Path) -> None:
    ended = Scripts(kill_grace_s=0.1).run(slot, shell("trap '' TERM; read never < go", slot, timeout_s=1))
    assert (ended.stopped_by, ended.rc) == ("timeout", 137)


@pytest.mark.parametrize("redirected", ["", "> /dev/null 2>&1"])
def test_a_limit_stops_the_whole_group_with_a_child_that_ignores_term(slot: Path, redirected: str) -> None:
    child = f"(trap '' TERM; read never < go) {redirected} & echo $! > child; read never < ready"
    Scripts(kill_grace_s=0.1).run(slot, shell(child, slot, timeout_s=1))
    await_dead(int((slot.parent.parent / "child").read_text()))


def test_a_background_process_that_holds_the_output_does_not_keep_a_command_from_ending(slot: Path) -> None:
    ended = Scripts().run(slot, shell("(read go < go) & echo bye", slot))
    let_go(slot)  # returns only because somebody still reads
    assert (ended.rc, output(slot)) == (0, "bye\n")


# --- the daemon dies -----------------------------------------------------------------------------------------------


def test_a_command_whose_daemon_was_killed_is_running(slot: Path) -> None:
    start_then_kill_the_daemon(slot)
    fate = Scripts().fate(slot)
    let_go(slot)
    Scripts().wait(slot)
    assert isinstance(fate, Running)


def test_a_command_whose_daemon_was_killed_is_adopted_and_runs_once(slot: Path) -> None:
    start_then_kill_the_daemon(slot)
    with ThreadPoolExecutor() as pool:
        adopted = pool.submit(Scripts().wait, slot)
        let_go(slot)
    assert (adopted.result().rc, witnesses(slot), output(slot)) == (7, 1, "done\n")


def test_the_result_of_a_command_that_ended_without_a_daemon_is_read(slot: Path) -> None:
    start_then_kill_the_daemon(slot)
    fate = Scripts().fate(slot)
    assert isinstance(fate, Running)
    let_go(slot)
    process.await_end(fate.shim)
    ended = Scripts().fate(slot)
    assert isinstance(ended, Exited)
    assert ended.exit.rc == 7


def test_signals_that_end_a_daemon_or_a_terminal_do_not_end_the_shim(slot: Path) -> None:
    start_then_kill_the_daemon(slot)
    fate = Scripts().fate(slot)
    assert isinstance(fate, Running)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        os.kill(fate.shim.pid, number)
    let_go(slot)
    assert Scripts().wait(slot).rc == 7


def test_a_lock_of_the_daemon_is_open_in_neither_shim_nor_command(slot: Path, tmp_path: Path) -> None:
    with (tmp_path / "daemon.lock").open("w") as lock, ThreadPoolExecutor() as pool:
        os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 (the argument is positional only)
        running = pool.submit(Scripts().run, slot, shell(PAUSED, slot))
        pids = (await_ready(slot), started(slot)["pid"])
        files = [str(entry.readlink()) for pid in pids for entry in Path(f"/proc/{pid}/fd").iterdir()]
        let_go(slot)
        running.result()
    assert lock.name not in files


@pytest.mark.parametrize("point", ["shim-spawned", "shim-instructed"])
def test_the_fate_is_the_truth_wherever_the_daemon_dies(slot: Path, point: str) -> None:
    daemon = doomed_daemon.start(slot, shell("echo ran >> witness", slot).argv, die_at=point)
    daemon.wait()
    try:
        ran = Scripts().wait(slot).rc == 0
    except StepFailed:
        ran = False
    assert witnesses(slot) == int(ran)


# --- nobody is left ------------------------------------------------------------------------------------------------


def test_a_command_that_was_killed_together_with_its_shim_is_lost(slot: Path) -> None:
    script = start_then_kill_the_daemon(slot)
    fate = Scripts().fate(slot)
    assert isinstance(fate, Running)
    os.kill(fate.shim.pid, signal.SIGKILL)
    os.killpg(script, signal.SIGKILL)
    process.await_end(fate.shim)
    await_dead(script)
    assert Scripts().fate(slot) == Lost()


def test_waiting_for_a_lost_command_ends_in_doubt(slot: Path) -> None:
    slot.mkdir(parents=True)
    (slot / "started.json").write_text(json.dumps({"pid": 1, "start_time": 1, "boot_id": "an-earlier-boot"}))
    with pytest.raises(StepInDoubt):
        Scripts().wait(slot)


@pytest.mark.parametrize("forged", [{"start_time": 1}, {"boot_id": "an-earlier-boot"}], ids=["start time", "boot id"])
def test_a_stranger_with_the_pid_of_a_shim_is_left_alone(slot: Path, forged: dict[str, object]) -> None:
    slot.mkdir(parents=True)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as stranger:
        identity = process.identify(stranger.pid)
        assert identity is not None
        (slot / "started.json").write_text(json.dumps({**vars(identity), **forged}))
        assert Scripts().fate(slot) == Lost()
    assert stranger.returncode == 0


def test_a_dead_process_that_nobody_has_reaped_counts_as_dead() -> None:
    zombie = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    identity = process.identify(zombie.pid)
    assert identity is not None
    zombie.kill()
    process.await_end(identity)
    still_alive = process.is_alive(identity)
    zombie.communicate()
    assert not still_alive


# --- who has the slot ----------------------------------------------------------------------------------------------


def test_a_slot_in_which_nothing_started_stays_so(slot: Path) -> None:
    assert [Scripts().fate(slot), Scripts().fate(slot)] == [NotStarted(), NotStarted()]


def test_a_shim_that_comes_late_runs_nothing(slot: Path) -> None:
    Scripts().fate(slot)
    late = feed_a_shim(slot, specification(slot, "echo ran >> witness"))
    assert (late, witnesses(slot)) == (records.SLOT_TAKEN, 0)


def test_a_shim_whose_specification_was_cut_short_runs_nothing(slot: Path) -> None:
    status = feed_a_shim(slot, specification(slot, "echo ran >> witness")[:-1])
    assert (status, Scripts().fate(slot)) == (records.NO_SPECIFICATION, NotStarted())


def test_of_several_shims_in_one_slot_exactly_one_runs_the_command(slot: Path) -> None:
    order = specification(slot, "echo ran >> witness")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: feed_a_shim(slot, order), range(4)))
    assert witnesses(slot) == 1


def test_a_command_in_a_void_slot_is_refused_as_not_started(slot: Path) -> None:
    Scripts().fate(slot)
    with pytest.raises(StepFailed):
        Scripts().run(slot, shell("echo ran >> witness", slot))
