"""Ownership of an environment: a lease with a growing epoch, recorded as an event and checked inside each append."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import Insert, insert

from released.domain.events import Actor, LeaseTaken, environment_stream
from released.store import instants
from released.store.batch import Batch, DraftWrite, draft
from released.store.event_store import Fence, NewEvent
from released.store.tables import LEASES


@dataclass(frozen=True)
class LeaseRequest:
    """A daemon that wants to own an environment."""

    environment: str
    holder: str
    pid: int
    boot_id: str
    version: str
    at: dt.datetime
    actor: Actor


def take(connection: Connection, batch: Batch, request: LeaseRequest) -> Fence:
    """Take the next epoch: its event joins the batch, its row the batch's transaction."""
    epoch = batch.heads.epoch(request.environment) + 1
    batch.append([_lease_taken(batch, request, epoch)], None)
    connection.execute(_replace(request, epoch))
    batch.heads.advance_epoch(request.environment, epoch)
    return Fence(request.environment, epoch)


def _lease_taken(batch: Batch, request: LeaseRequest, epoch: int) -> DraftWrite:
    event = LeaseTaken(epoch, request.holder, request.pid, request.boot_id, request.version)
    new = NewEvent(f"lease:{request.environment}:{epoch}", request.at, request.actor, event)
    stream = environment_stream(request.environment)
    return DraftWrite(stream, batch.heads.stream(stream).version, (draft(new),))


def _replace(request: LeaseRequest, epoch: int) -> Insert:
    row = {
        "epoch": epoch,
        "holder": request.holder,
        "pid": request.pid,
        "boot_id": request.boot_id,
        "version": request.version,
        "taken_at": instants.to_text(request.at),
    }
    statement = insert(LEASES).values(environment=request.environment, **row)
    return statement.on_conflict_do_update(index_elements=["environment"], set_=row)
