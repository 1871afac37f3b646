"""What an interrupted recreate left is settled by what each container is, not by when it was cut off."""

from __future__ import annotations

import pytest

from released.domain.releases.leftovers import settle
from released.domain.releases.standing import Standing, Verb

OLD, NEW, OLDER = "a" * 64, "b" * 64, "c" * 64
PREVIOUS = (OLD, OLDER)


def one(id_: str, name: str, state: str = "exited", *, replacement: bool = False, service: str = "web") -> Standing:
    return Standing(id_, name, service, state, is_replacement=replacement)


def decided(*found: Standing, previous: tuple[str, ...] = PREVIOUS) -> list[tuple[Verb, str]]:
    return [(action.verb, action.container.name) for action in settle(found, previous)]


ASIDE = f"{OLD[:12]}_web"
"""As Compose 1.29 calls the old container, and Compose v2 the new one."""


@pytest.mark.parametrize(
    ("found", "actions"),
    [
        ([one(OLD, "web")], []),
        ([one(OLD, ASIDE)], [(Verb.PUT_BACK, ASIDE)]),
        ([one(OLD, ASIDE), one(NEW, "web", "created")], [(Verb.REMOVE, "web"), (Verb.PUT_BACK, ASIDE)]),
        ([one(OLD, ASIDE), one(NEW, "web", "running")], [(Verb.REMOVE, ASIDE)]),
        ([one(OLD, ASIDE, "running"), one(NEW, "web", "exited")], [(Verb.REMOVE, ASIDE)]),
        ([one(NEW, "web", "running")], []),
    ],
    ids=["stopped", "set aside", "new one made", "new one started", "old one started again", "old one removed"],
)
def test_what_compose_1_leaves_at_each_moment(found: list[Standing], actions: list[tuple[Verb, str]]) -> None:
    assert decided(*found) == actions


@pytest.mark.parametrize(
    ("found", "actions"),
    [
        ([one(OLD, "web", "running"), one(NEW, ASIDE, "created", replacement=True)], [(Verb.REMOVE, ASIDE)]),
        ([one(OLD, "web"), one(NEW, ASIDE, "created", replacement=True)], [(Verb.REMOVE, ASIDE)]),
        ([one(NEW, ASIDE, "created", replacement=True)], [(Verb.PUT_BACK, ASIDE)]),
        ([one(NEW, "web", "created", replacement=True)], []),
    ],
    ids=["new one made", "old one stopped", "old one removed", "new one renamed"],
)
def test_what_compose_2_leaves_at_each_moment(found: list[Standing], actions: list[tuple[Verb, str]]) -> None:
    assert decided(*found) == actions


def test_of_two_old_ones_the_one_that_bears_the_name_stays() -> None:
    assert decided(one(OLD, "web"), one(OLDER, f"{OLDER[:12]}_web")) == [(Verb.REMOVE, f"{OLDER[:12]}_web")]


def test_of_several_that_were_set_aside_one_gets_the_name_back() -> None:
    half_made = one(NEW, f"{OLD[:12]}_web", "created", replacement=True)

    assert decided(half_made, one(OLD, f"{OLD[:12]}_web")) == [
        (Verb.REMOVE, half_made.name),
        (Verb.PUT_BACK, f"{OLD[:12]}_web"),
    ]


def test_a_name_that_only_looks_like_one_of_composes_is_left_alone() -> None:
    assert decided(one(NEW, ASIDE), one(OLD, "web", "running")) == []


def test_several_containers_of_one_service_are_no_leftovers_of_each_other() -> None:
    assert decided(one(OLD, "web_1"), one(NEW, "web_2"), one(OLDER, "db", service="db")) == []


def test_services_that_were_cut_off_together_are_settled_each_by_itself() -> None:
    aside = one(OLDER, f"{OLDER[:12]}_db", service="db")

    assert decided(aside, one(OLD, ASIDE), one(NEW, "web", "running")) == [
        (Verb.PUT_BACK, aside.name),
        (Verb.REMOVE, ASIDE),
    ]
