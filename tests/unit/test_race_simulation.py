"""Operators command, daemons die, steps end, in any order: the release only ever stands where it may."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from released.domain import events as ev
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import Phase
from released.domain.releases import step_state
from support.crash_claims import deaths
from support.simulated_phases import FAST_FORWARD, IMAGE, RECREATE, REPAIR, SCRIPT
from support.simulated_world import Death
from support.simulation import Simulation

if TYPE_CHECKING:
    import pytest

    from support.evidence import Evidence

PLACES = st.integers(0, 40)
COMMANDS: dict[str, Callable[[Simulation], None]] = {
    "cancel": partial(Simulation.cancel, kill=False),
    "cancel --kill": partial(Simulation.cancel, kill=True),
    "resume": Simulation.go_on,
    **{f"resume --from {phase}": partial(Simulation.go_on, from_phase=phase) for phase in Phase},
    **{f"resolve {one} as done": partial(Simulation.resolve, step=one, done=True) for one in (SCRIPT, REPAIR)},
    **{f"resolve {one} as failed": partial(Simulation.resolve, step=one, done=False) for one in (SCRIPT, REPAIR)},
    "revert": Simulation.turn_back,
    "lock release": Simulation.abandon,
}
STOPS = ("cancel", "cancel --kill")
"""What a release takes while it runs; it refuses all else then."""
SEEN = (FAST_FORWARD, IMAGE, RECREATE)
"""Steps that nobody but a daemon says anything about."""


class Races(RuleBasedStateMachine):
    """What may happen to a release, and what holds of it at any time."""

    met = 0
    """How many commands were taken while a daemon was at work, over all runs of the machine."""

    @initialize()
    def accept_a_run(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="races-"))
        self.simulation = Simulation(self.folder)

    @rule(command=st.one_of(st.sampled_from(STOPS), st.sampled_from(sorted(COMMANDS))), at=PLACES)
    def command_while_a_daemon_lives(self, command: str, at: int) -> None:
        countdown = iter(range(at, -1, -1))

        def once() -> None:
            if next(countdown, -1) == 0:
                Races.met += self._command(command)

        self.simulation.meanwhile = once
        self.simulation.live()
        self.simulation.meanwhile = lambda: None
        assert not self.simulation.state.is_running, "it says that it runs, and no daemon does anything about it"

    @rule(command=st.sampled_from(sorted(COMMANDS.keys() - STOPS)))
    def command_while_no_daemon_lives(self, command: str) -> None:
        self._command(command)

    @rule(place=PLACES, death=st.sampled_from(list(Death)))
    def die(self, place: int, death: Death) -> None:
        """Let the daemon that lived last have died on its way instead."""
        moments = self.simulation.moments
        if moments:
            moment = moments[place % len(moments)]
            self.simulation = moment.after(death if death in deaths(moment.place) else Death.DAEMON)

    @invariant()
    def no_command_meets_a_defect(self) -> None:
        halt = self.simulation.state.halt
        assert halt is None or halt.failure.code != "internal_error", halt.failure.message

    @invariant()
    def the_lock_is_held_for_whom_it_is_needed(self) -> None:
        assert self.simulation.is_occupied == self.simulation.state.occupies

    @invariant()
    def no_step_that_succeeded_is_begun_again_unless_somebody_asked_for_that(self) -> None:
        assert begun_again(self.simulation.events) == []

    @invariant()
    def what_is_on_record_as_done_is_there(self) -> None:
        steps = self.simulation.state.steps
        done = {name for name in SEEN if name in steps and steps[name].status == "succeeded"}
        assert done <= set(self.simulation.world.traces)

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, command: str) -> bool:
        """Give a command; tell whether it was taken."""
        reversal = self.simulation.state.reversal
        if command == "revert" and reversal and reversal.number > 1:
            return False  # the simulated phases know two
        before = len(self.simulation.events)
        with suppress(Refused, InvalidInput):  # a refusal changes nothing
            COMMANDS[command](self.simulation)
        return len(self.simulation.events) > before


def begun_again(events: Sequence[ev.Recorded]) -> list[str]:
    """List the steps that were begun though they had succeeded, and nobody had asked for that."""
    done: set[str] = set()
    wrong = []
    for event in (one.event for one in events):
        match event:
            case ev.RunRequested() | ev.RevertRequested():
                done.clear()
            case ev.Resumed(anew=True):
                done.intersection_update({FAST_FORWARD, SCRIPT})  # they stay done for the whole run
            case ev.StepSucceeded(step=step):
                done.add(step)
            case ev.StepStarted(step=step) if step in done:
                wrong.append(step)
            case _:
                pass
    return wrong


def test_in_whatever_order_commands_deaths_and_ends_of_steps_come_only_legal_states_are_met(evidence: Evidence) -> None:
    """Row 41: cancel, kill, resume, resolve, revert and lock release race with the ends of steps, and with deaths."""
    orders = settings(
        max_examples=100,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,  # the same orders at every run of the suite
        suppress_health_check=list(HealthCheck),
    )
    Races.met = 0

    run_state_machine_as_test(Races, settings=orders)

    evidence.fired(Races.met)
    evidence.add(races=Races.met)


def test_a_resume_that_forgets_what_is_done_for_the_whole_run_is_noticed(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 41: a negative control, in one of the orders."""
    monkeypatch.setattr(step_state, "_stays", lambda _step, *, moved: moved)
    Races.met = 0
    races = Races()
    races.accept_a_run()
    races.command_while_a_daemon_lives("cancel", at=30)
    races.command_while_no_daemon_lives("resume --from ticket")
    races.command_while_a_daemon_lives("cancel", at=40)
    noticed = begun_again(races.simulation.events)
    races.teardown()

    evidence.fired(Races.met)
    evidence.control("a resume that forgets what is done", red=noticed == [SCRIPT])
