"""What a test of a row of ``docs/reliability.md`` saw happen: how often its fault fired, figures, times, controls.

A test names its rows at the beginning of its docstring: ``Row 13: …`` or ``Rows 15 and 16: …``. What it notes travels
with pytest's reports, from workers too, and ``support/reliability.py`` makes a report of it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_NAMED = re.compile(r"Rows? (\d+(?:(?:, | and )\d+)*): ")


def rows_in(docstring: str | None) -> list[int]:
    """List the rows that the docstring of a test names; empty where it names none."""
    named = _NAMED.match(docstring or "")
    return [int(number) for number in re.findall(r"\d+", named[1])] if named else []


def rows_of(item: pytest.Item) -> list[int]:
    """List the rows that a test shows."""
    return rows_in(getattr(getattr(item, "obj", None), "__doc__", None))


class Evidence:
    """What one test notes while it runs.

    Args:
        properties: of the test's item, which its reports carry.
    """

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def fired(self, count: int = 1) -> None:
        """Note how often the fault was seen to happen in the real program, not how often it was asked for."""
        self._note("fired", count)

    def add(self, **figures: int) -> None:
        """Note figures; those of one name are summed over all tests."""
        for name, value in figures.items():
            self._note("figure", [name, value])

    def invariants(self, wrong: Iterable[str]) -> None:
        """Note how much of what was found wrong is lost, took place twice, or is stuck.

        Args:
            wrong: complaints that begin with the name of an invariant, as those of ``invariants.broken`` do.
        """
        names = Counter(one.partition(":")[0] for one in wrong)
        self.add(lost=names["I1"], duplicated=names["I2"], stuck=names["I4"])

    def resumed_after(self, seconds: float) -> None:
        """Note how long after the start of the daemon the release went on."""
        self._note("resumed_after_s", seconds)

    def seed(self, number: int) -> None:
        """Note and print with what number chance began, so that a failure can be seen again."""
        print(f"seed {number}")  # noqa: T201 (pytest shows it where the test fails)
        self._note("seed", number)

    def control(self, name: str, *, red: bool) -> None:
        """Note a negative control: whether the check noticed what is broken on purpose.

        Raises:
            AssertionError: it did not, so it proves nothing.
        """
        self._note("control", [name, red])
        assert red, f"The negative control {name!r} passed: this check would not notice what it is there for."

    def _note(self, name: str, value: object) -> None:
        self._properties.append((name, value))


@pytest.fixture(name="evidence")
def _evidence(request: pytest.FixtureRequest) -> Evidence:
    return Evidence(request.node.user_properties)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Have the reports of each test carry its rows, those of a skipped one, too."""
    for item in items:
        item.user_properties += [("row", row) for row in rows_of(item)]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that names a row and did not see its fault fire."""
    result = yield
    if rows_of(pyfuncitem) and not any(name == "fired" and value for name, value in pyfuncitem.user_properties):
        pytest.fail("The fault of its row did not fire: evidence.fired() was not called.", pytrace=False)
    return result
