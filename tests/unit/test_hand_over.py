"""A daemon of several environments that stops: they share the time that a supervisor of daemons allows for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from released.engine.supervisor import hand_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from released.engine.supervisor import Supervisor

ALTOGETHER_S = 10.0


class _Busy:
    """Is in the middle of a step, and keeps what it was told."""

    def __init__(self, told: list[float], *, ends: bool = True) -> None:
        self._told = told
        self._ends = ends

    def stop(self, timeout_s: float) -> bool:
        self._told.append(timeout_s)
        return self._ends and timeout_s > 0


def _stopped(supervisors: Mapping[str, _Busy]) -> list[str]:
    return hand_over(cast("Mapping[str, Supervisor]", supervisors), ALTOGETHER_S)


def test_all_are_told_before_any_is_waited_for() -> None:
    told: list[float] = []

    _stopped({name: _Busy(told) for name in ("a", "b", "c")})

    assert [seconds > 0 for seconds in told] == [False, False, False, True, True, True]


def test_all_together_are_waited_for_as_long_as_one() -> None:
    told: list[float] = []

    _stopped({name: _Busy(told) for name in ("a", "b", "c")})

    assert sorted(told, reverse=True)[:3] == told[3:]
    assert max(told) <= ALTOGETHER_S


def test_those_whose_step_went_on_are_named() -> None:
    assert _stopped({"a": _Busy([]), "b": _Busy([], ends=False)}) == ["b"]
