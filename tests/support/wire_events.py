"""Events as the daemon sends them, for tests of the client."""

from __future__ import annotations

import datetime as dt
import json

from releasepb.v1 import releases_pb2 as pb

BEGAN = dt.datetime(2026, 5, 18, 15, 30, 12, tzinfo=dt.UTC)


class Stream:
    """Writes the events of a ticket one after the other, with versions from 1."""

    def __init__(self) -> None:
        self.events: list[pb.Event] = []

    def add(self, after_s: float, kind: str, line: str = "", **data: object) -> Stream:
        """Append an event so many seconds after the run began."""
        version = len(self.events) + 1
        event = pb.Event(
            position=version + 100,
            version=version,
            event_id=f"event-{version}",
            type=kind,
            actor="anna",
            uid=1000,
            login_uid=-1,
            payload_json=json.dumps(data).encode(),
            line=line or kind,
        )
        event.at.FromDatetime((BEGAN + dt.timedelta(seconds=after_s)).replace(tzinfo=None))
        self.events.append(event)
        return self

    def requested(self, run: int = 1) -> Stream:
        """A run of ticket 1234 on two services is accepted."""
        services = [{"name": "redmine"}, {"name": "wikijs"}]
        plan = {"base_sha": "a" * 40, "merge_sha": "b" * 40, "services": services}
        return self.add(0, "run_requested", run=run, environment="prod", plan=plan)

    def turned_back(self, after_s: float, *steps: str) -> Stream:
        """The release is to be taken back, and begins with these steps."""
        self.add(after_s, "revert_requested", run=1, plan={"ticket": "1234", "services": []}, options={})
        return self.phase(after_s, "revert", *steps)

    def phase(self, after_s: float, phase: str, *steps: str) -> Stream:
        """A phase begins with these steps."""
        return self.add(after_s, "phase_started", phase=phase, steps=[{"name": s, "recovery": "repeat"} for s in steps])

    def step(self, after_s: float, step: str, took_s: float, *lines: str) -> Stream:
        """A step begins and succeeds."""
        self.add(after_s, "step_started", step=step, attempt=1, boot_id="boot")
        result = {"type": "checked", "lines": list(lines)}
        return self.add(after_s + took_s, "step_succeeded", step=step, attempt=1, result=result)
