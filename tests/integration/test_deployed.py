"""Where the record says that the checkout was left."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from released.domain import events as ev
from released.domain.ids import Sha
from released.engine.deployed import deployed
from released.store.event_store import StreamWrite
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from support.given_when_then import ENVIRONMENT, MERGE, TICKET, whole_run
from support.store import AT, new, sqlite_store, write

if TYPE_CHECKING:
    from pathlib import Path

TIP = Sha("9" * 40)
RETURN = (ev.ReturnStarted("request-1", "hotfix", MERGE, TIP, MERGE, ""), ev.ReturnEnded("request-1"))


def test_after_a_return_from_a_hotfix_branch_it_is_where_that_brought_it(tmp_path: Path) -> None:
    later = tuple(replace(new(event), at=AT + dt.timedelta(hours=1)) for event in RETURN)
    with sqlite_store(tmp_path / "released.db") as store:
        store.append([write(ev.release_stream(ENVIRONMENT, TICKET), 0, *whole_run())])
        store.append([StreamWrite(ev.environment_stream(ENVIRONMENT), 0, later)])
        Projector(store, [ReleaseList()]).catch_up()

        assert deployed(store, ENVIRONMENT).head == TIP


def test_after_a_release_it_is_where_that_left_it_whatever_was_before(tmp_path: Path) -> None:
    earlier = tuple(replace(new(event), at=AT - dt.timedelta(hours=1)) for event in RETURN)
    with sqlite_store(tmp_path / "released.db") as store:
        store.append([StreamWrite(ev.environment_stream(ENVIRONMENT), 0, earlier)])
        store.append([write(ev.release_stream(ENVIRONMENT, TICKET), 0, *whole_run())])
        Projector(store, [ReleaseList()]).catch_up()

        assert deployed(store, ENVIRONMENT).head == MERGE
