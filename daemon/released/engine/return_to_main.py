"""Takes the checkout back from a hotfix branch to the configured one (spec: return to main).

Intent, effect and outcome are events of the environment, so that a return that was cut off is completed by the next
start of the daemon. What can be refused is refused before the intent; a return that failed all the same says so under
the same request, whoever asks when.
"""

from __future__ import annotations

import contextlib
import logging
import threading

from released.domain import events as ev
from released.domain.environments.environment import EnvironmentState
from released.domain.errors import Refused, ReleasedError
from released.domain.failure import Failure, NextCommand
from released.domain.ids import RequestId, Sha, parse_sha
from released.domain.listing import lines
from released.domain.releases import decide
from released.domain.releases.next_steps import WHY, look_at_environment
from released.domain.requests import reused
from released.engine.answers import Answers, Asked, Decided
from released.engine.faults import RETURN, Faults
from released.engine.instruments import Instruments, id_of_end
from released.engine.ownership import Ownership
from released.engine.record import EnvironmentRecord
from released.engine.workspace_lock import refuse_if_taken
from released.phases.planning.deployed_tree import tree_within
from released.phases.planning.releasable import releasable
from released.phases.world import World
from released.store.errors import Conflict
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite

logger = logging.getLogger(__name__)


class ReturnToMain:
    """The way back to the configured branch, of one environment."""

    def __init__(
        self,
        answers: Answers,
        store: EventStore,
        fence: Fence,
        ownership: Ownership,
        world: World,
        instruments: Instruments,
        faults: Faults,
    ) -> None:
        self._answers = answers
        self._store = store
        self._fence = fence
        self._ownership = ownership
        self._world = world
        self._instruments = instruments
        self._faults = faults
        self._turn = threading.Lock()

    def go(self, request_id: RequestId, reason: str, actor: ev.Actor) -> ev.ReturnStarted:
        """Go back; sent twice it acts once, and is answered by how that came out.

        Raises:
            Refused: a release occupies the environment, the checkout is not clean or on the branch already, the branch
                cannot be moved, or it lacks what is deployed and no reason says that this is fine; it is on record.
            InvalidInput: the request's id was used for something else.
            ReleasedError: ``return_failed``, with what failed; nothing was thrown away.
        """

        def decided() -> Decided:
            place = self._answers.environment()
            planned = self._planned(place, request_id, reason)
            self._faults("before-intent", RETURN)
            return Decided(place, [planned])

        given = self._answers.answer(Asked("return-to-main", None, request_id, actor), decided, lambda: None)
        if not isinstance(given.event, ev.ReturnStarted):
            raise reused(given)
        self.complete()  # also where it comes again, and an earlier daemon did not live to see its end
        self._refuse_failed(request_id)
        return given.event

    def complete(self) -> None:
        """Bring a return to its end whose intent is on record: one that just began, or that an earlier daemon began.

        Raises:
            ReleasedError: one of ``STORE_ERRORS``; the end is not on record, and this is to be called again.
        """
        with self._turn:  # A daemon takes commands before it is done with what an earlier one left.
            unfinished = self._answers.environment().returning
            if unfinished is not None:
                self._faults("after-intent", RETURN)
                failure = self._failure_of(unfinished)
                self._faults("after-effect", RETURN)
                self._record(ev.ReturnEnded(unfinished.request_id, failure))

    # --- before the intent ---------------------------------------------------------------------------------------

    def _planned(self, place: EnvironmentState, request_id: RequestId, reason: str) -> ev.ReturnStarted:
        world = self._world
        decide.refuse_busy(place)
        refuse_if_taken(world)
        checkout = releasable(world.git, world.settings)
        self._refuse_on_branch(checkout.branch)
        target = world.git.fetch()
        last = parse_sha(EnvironmentRecord(self._store, world.name).history().last_deployed or checkout.head)
        deployed = tree_within(world.git, last, target)
        self._refuse_missing(deployed, target, reason)
        world.git.admit_return(checkout.head, target)
        return ev.ReturnStarted(request_id, checkout.branch or "", checkout.head, target, deployed, reason)

    def _refuse_on_branch(self, branch: str | None) -> None:
        if branch == self._world.settings.branch:
            message = f"There is nothing to do: {self._world.root} is on branch {branch} already."
            raise Refused("on_branch_already", message, look_at_environment())

    def _refuse_missing(self, deployed: Sha, target: Sha, reason: str) -> None:
        """What runs must be in the branch, or the next release from there takes it away."""
        git, settings = self._world.git, self._world.settings
        if reason or (git.has_commit(deployed) and git.is_ancestor(deployed, target)):
            return
        missing = git.commits(target, deployed) if git.has_commit(deployed) else ()
        named = lines([commit.line for commit in missing])
        raise Refused(
            "hotfix_not_merged",
            f"{settings.remote}/{settings.branch} lacks what is deployed ({deployed[:12]}):\n{named}\n"
            "Merge that first; or go back all the same, with --reason, and the next release takes it away.",
            (NextCommand(("releasectl", "return-to-main", "--reason", WHY), "goes back without it", "changes"),),
        )

    # --- effect and outcome --------------------------------------------------------------------------------------

    def _failure_of(self, started: ev.ReturnStarted) -> Failure | None:
        """Let the checkout go back, or find it there; say why where it cannot."""
        head, target = parse_sha(started.head), parse_sha(started.target)
        try:
            self._ownership.bear_witness(f"the return from branch {started.from_branch}")
            if not self._world.git.settle_return(head, target):
                self._world.git.return_to_branch(head, target)
        except ReleasedError as error:
            return error.as_failure().masked(self._world.mask)
        except Exception as error:
            logger.exception("%s: the return from %s failed unexpectedly", self._world.name, started.from_branch)
            failure = Failure("internal_error", f"The return met an unexpected {type(error).__name__}: {error}")
            return failure.masked(self._world.mask)
        return None

    def _record(self, ended: ev.ReturnEnded) -> None:
        stream, event_id = ev.environment_stream(self._world.name), id_of_end(self._world.name, ended.request_id)
        new = NewEvent(event_id, self._instruments.now(), self._instruments.actor, ended)
        while self._store.find(event_id) is None:
            with contextlib.suppress(Conflict):  # somebody may hold releases at the same moment
                write = StreamWrite(stream, self._answers.environment().version, (new,))
                self._store.append([write], self._fence)

    def _refuse_failed(self, request_id: RequestId) -> None:
        found = self._store.find(id_of_end(self._world.name, request_id))
        failure = found.event.failure if found and isinstance(found.event, ev.ReturnEnded) else None
        if failure is not None:
            raise ReleasedError("return_failed", failure.message, failure.next)
