"""What an interrupted recreate left of a service's containers, and what becomes of each (pure).

A recreate can be cut off between any two of: old one stopped, set aside, new one made, started, old one removed. What
is left is settled so that one container bears each name, and that is the one whose data would else be lost: Compose
hands volumes without a name from the old container to the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from released.domain.releases.standing import Settlement, Standing, Verb

_HALF_MADE = "it was made in place of another one and never started"
_REPLACED = "another one stands in its place"
_CUT_OFF = "the recreate that set it aside was cut off"


def settle(found: Collection[Standing], previous: Collection[str]) -> tuple[Settlement, ...]:
    """Decide on what an interrupted recreate of a service left, in the order in which it is done.

    Args:
        found: every container that carries the service's labels, in any state.
        previous: ids of those that are to be replaced.
    """
    by_name = sorted(found, key=lambda one: (one.service, one.own_name))
    groups = groupby(by_name, key=lambda one: (one.service, one.own_name))
    return tuple(action for _, group in groups for action in _settle_name([*group], previous))


def _settle_name(rivals: Sequence[Standing], previous: Collection[str]) -> Iterator[Settlement]:
    """Settle the containers that have, or shall have, one name."""
    if not any(one.is_aside for one in rivals):
        return
    keeper = max(rivals, key=lambda one: (one.has_run, one.id not in previous, not one.is_aside, one.id))
    for one in rivals:
        if one is not keeper:
            yield Settlement(Verb.REMOVE, one, _REPLACED if one.has_run else _HALF_MADE)
    if keeper.is_aside:
        yield Settlement(Verb.PUT_BACK, keeper, _CUT_OFF)
