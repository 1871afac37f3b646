"""Services start behind what they depend on, then by priority, then by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.domain.errors import Refused
from released.domain.ops_repo.start_order import in_start_order
from released.domain.releases.plan import ServicePlan
from support.given_when_then import service


def names(*services: ServicePlan) -> list[str]:
    return [str(one.name) for one in in_start_order(services)]


def test_nothing_has_an_order() -> None:
    assert names() == []


def test_lower_priority_starts_first() -> None:
    assert names(service("b", priority=9), service("a", priority=20), service("c", priority=10)) == ["b", "c", "a"]


def test_equal_priorities_start_by_name() -> None:
    assert names(service("c"), service("a"), service("b")) == ["a", "b", "c"]


def test_a_dependency_starts_first_whatever_its_priority() -> None:
    assert names(service("a", depends_on=["z"], priority=1), service("z", priority=99)) == ["z", "a"]


def test_what_becomes_free_to_start_is_taken_by_priority_before_what_waited_longer() -> None:
    assert names(
        service("db", priority=1), service("late", priority=50), service("app", depends_on=["db"], priority=5)
    ) == [
        "db",
        "app",
        "late",
    ]


def test_a_dependency_that_is_not_released_holds_nothing_up() -> None:
    assert names(service("a", depends_on=["elsewhere"])) == ["a"]


@pytest.mark.parametrize(
    ("services", "circle"),
    [
        ([service("a", depends_on=["a"])], "a → a"),
        ([service("a", depends_on=["b"]), service("b", depends_on=["a"]), service("c")], "a → b → a"),
    ],
)
def test_a_circle_is_refused_and_drawn(services: list[ServicePlan], circle: str) -> None:
    with pytest.raises(Refused, match="goes round in a circle") as caught:
        in_start_order(services)
    assert caught.value.code == "dependency_cycle"
    assert _same_circle(caught.value.message, circle)


def _same_circle(message: str, circle: str) -> bool:
    shown = message.rpartition(": ")[2].rstrip(".").split(" → ")
    expected = circle.split(" → ")
    return set(shown) == set(expected) and len(shown) == len(expected) and shown[0] == shown[-1]


@given(st.data())
def test_whatever_the_dependencies_each_service_stands_once_and_behind_them(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 7))
    earlier = [data.draw(st.sets(st.sampled_from(range(number)))) if number else set() for number in range(count)]
    services = [
        service(f"s{number}", depends_on=[f"s{other}" for other in others], priority=data.draw(st.integers(0, 3)))
        for number, others in enumerate(earlier)
    ]
    order = names(*data.draw(st.permutations(services)))
    assert sorted(order) == sorted(one.name for one in services)
    assert all(order.index(other) < order.index(one.name) for one in services for other in one.depends_on)
