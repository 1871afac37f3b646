"""What may be typed to bring a service back to what its manifest says."""

from __future__ import annotations

from dataclasses import dataclass

from released.adapters.docker.containers import Running
from released.domain.errors import Refused, StepFailed
from released.domain.failure import NextCommand
from released.domain.releases import next_steps
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState
from released.phases.projects import compose_project, project_of
from released.phases.world import World


@dataclass(frozen=True)
class Fixes:
    """The fixes of one service; where a release occupies the environment, it is settled first."""

    world: World
    service: ServicePlan
    occupant: ReleaseState | None

    def image(self, expected_id: str | None) -> NextCommand:
        """Have the containers run the image that is expected; one whose name was given away gets it back first."""
        return self._settle() or self._name_again(expected_id) or self._compose_up()

    def container(self, one: Running | None) -> NextCommand:
        """Bring one container up, or show what it says."""
        if one is None:
            return self._settle() or self._compose_up()
        match one.state:
            case "running" | "restarting":
                return _look_at_log(self.service.name)
            case "paused":
                return self._settle() or _docker("unpause", one.name, "lets it go on")
            case _:
                return self._settle() or _docker("start", one.name, "starts it")

    def _settle(self) -> NextCommand | None:
        if self.occupant is None:
            return None
        look = next_steps.follow if self.occupant.is_running else next_steps.look_at
        return look(self.occupant.ticket)[0]

    def _name_again(self, expected_id: str | None) -> NextCommand | None:
        engine, image = self.world.engine, self.service.image
        if image is None or expected_id is None or engine.image_id(expected_id) is None:
            return None
        if engine.image_id(image.reference) == expected_id:
            return None
        effect = "gives the released image its name back; then look again"
        return NextCommand(("docker", "tag", expected_id, image.reference), effect, "changes")

    def _compose_up(self) -> NextCommand:
        if self.service.compose_file is None:
            return self._look()
        try:
            project = compose_project(self.world, self.service, project_of(self.world, self.service))
            command = self.world.compose.up(project)
        except Refused:
            return NextCommand((next_steps.CLIENT, "doctor"), "tells what this host lacks")
        except StepFailed:  # the containers belong to several projects: a person has to look
            return self._look()
        return NextCommand((*self._tag(), *command), "brings its containers up as the manifest says", "changes")

    def _look(self) -> NextCommand:
        return NextCommand((next_steps.CLIENT, "services", self.service.name), "shows what runs of it")

    def _tag(self) -> tuple[str, ...]:
        image = self.service.image
        return ("env", f"{image.env_var}={image.tag}") if image and image.env_var else ()


def _docker(verb: str, name: str, effect: str) -> NextCommand:
    return NextCommand(("docker", verb, name), effect, "changes")


def _look_at_log(service: str) -> NextCommand:
    return NextCommand((next_steps.CLIENT, "services", "logs", service), "shows what its containers print")
