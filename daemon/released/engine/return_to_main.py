"""Takes the checkout back from a hotfix branch to the configured one (spec: return to main).

Intent, effect and outcome are events of the environment, so that a return that was cut off is completed by the next
start of the daemon.
"""

from __future__ import annotations

import contextlib

from released.domain import decide, environment
from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.ids import RequestId, Sha, parse_sha
from released.domain.returning import refuse_while_returning
from released.engine.instruments import Instruments, id_of_request
from released.engine.record import EnvironmentRecord
from released.engine.workspace_lock import refuse_if_taken
from released.phases.deployed_tree import tree_within
from released.phases.releasable import releasable
from released.phases.world import World
from released.store.errors import Conflict, DuplicateEvent
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite


class ReturnToMain:
    """The way back to the configured branch, of one environment."""

    def __init__(self, store: EventStore, fence: Fence, world: World, instruments: Instruments) -> None:
        self._store = store
        self._fence = fence
        self._world = world
        self._instruments = instruments
        self._stream = ev.environment_stream(world.name)

    def go(self, request_id: RequestId, reason: str, actor: ev.Actor) -> ev.ReturnStarted:
        """Go back; sent twice it acts once, and is answered by how that came out.

        Raises:
            Refused: a release occupies the environment, the checkout is dirty or on the branch already, or the branch
                lacks what is deployed and no reason says that this is fine.
            StepFailed: git could not; nothing was thrown away.
        """
        event_id = id_of_request(self._world.name, request_id)
        given = self._store.find(event_id)
        if given is not None and isinstance(given.event, ev.ReturnStarted):
            self._refuse_failed(request_id)
            return given.event
        started = self._planned(request_id, reason)
        self._append(NewEvent(event_id, self._instruments.now(), actor, started))
        self._perform(started, actor)
        return started

    def recover(self) -> None:
        """Complete a return that an earlier daemon did not see the end of."""
        unfinished = self._environment().returning
        if unfinished is not None:
            self._perform(unfinished, self._instruments.actor)

    def _refuse_failed(self, request_id: RequestId) -> None:
        events = (recorded.event for recorded in self._store.read(self._stream))
        ends = (one for one in events if isinstance(one, ev.ReturnEnded) and one.request_id == request_id)
        ended = next(ends, None)
        if ended is None:
            refuse_while_returning(self._environment())
        elif ended.failed:
            raise Refused("return_failed", ended.failed)

    def _planned(self, request_id: RequestId, reason: str) -> ev.ReturnStarted:
        world = self._world
        decide.refuse_busy(self._environment())
        refuse_if_taken(world)
        checkout = releasable(world.git, world.settings)
        if checkout.branch == world.settings.branch:
            raise Refused("on_branch_already", f"{world.root} is on branch {world.settings.branch} already.")
        target = world.git.fetch()
        last = parse_sha(EnvironmentRecord(self._store, world.name).history().last_deployed or checkout.head)
        deployed = tree_within(world.git, last, target)
        self._refuse_missing(deployed, target, reason)
        return ev.ReturnStarted(request_id, checkout.branch or "", checkout.head, target, deployed, reason)

    def _refuse_missing(self, deployed: Sha, target: Sha, reason: str) -> None:
        """What runs must be in the branch, or the next release from there takes it away."""
        git, settings = self._world.git, self._world.settings
        if reason or (git.has_commit(deployed) and git.is_ancestor(deployed, target)):
            return
        missing = git.commits(target, deployed) if git.has_commit(deployed) else ()
        named = "\n".join(f"  {commit.sha[:12]} {commit.subject} ({commit.author})" for commit in missing)
        raise Refused(
            "hotfix_not_merged",
            f"{settings.remote}/{settings.branch} lacks what is deployed ({deployed[:12]}):\n{named}\n"
            "Merge that first; or go back all the same, with --reason, and the next release takes it away.",
            (NextCommand(("releasectl", "return-to-main", "--reason", "why"), "goes back without it", "changes"),),
        )

    def _perform(self, started: ev.ReturnStarted, actor: ev.Actor) -> None:
        head, target = parse_sha(started.head), parse_sha(started.target)
        try:
            if not self._world.git.settle_return(head, target):
                self._world.git.return_to_branch(head, target)
        except Exception as error:
            self._end(ev.ReturnEnded(started.request_id, self._world.mask(str(error))), actor)
            raise
        self._end(ev.ReturnEnded(started.request_id), actor)

    def _end(self, ended: ev.ReturnEnded, actor: ev.Actor) -> None:
        self._append(NewEvent(self._instruments.new_id(), self._instruments.now(), actor, ended))

    def _environment(self) -> environment.EnvironmentState:
        return environment.fold(self._store.read(self._stream))

    def _append(self, new: NewEvent) -> None:
        while self._store.find(new.event_id) is None:
            with contextlib.suppress(Conflict, DuplicateEvent):  # somebody may hold releases at the same moment
                self._store.append([StreamWrite(self._stream, self._environment().version, (new,))], self._fence)
