"""Moments as they are typed: RFC 3339, or from now or back from now."""

from __future__ import annotations

import datetime as dt

import click
import pytest

from releasectl.arguments.parameters import since, until

MOMENT = "2026-11-24T06:00:00+01:00"


@pytest.mark.parametrize("parse", [since, until])
def test_a_moment_with_its_zone_is_taken_as_it_is(parse: object) -> None:
    assert callable(parse)
    assert parse(MOMENT) == dt.datetime(2026, 11, 24, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize("typed", ["2h ago", "2h"])
def test_since_counts_back_from_now(typed: str) -> None:
    before = dt.datetime.now(dt.UTC)
    assert before <= since(typed) + dt.timedelta(hours=2) <= dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("typed", ["2026-11-24T06:00:00", "yesterday", "999999999h ago", "ago"])
def test_what_is_no_moment_is_wrong_usage(typed: str) -> None:
    with pytest.raises(click.BadParameter):
        since(typed)
