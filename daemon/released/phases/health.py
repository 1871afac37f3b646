"""Whether a service is well: its containers and its endpoint, judged with patience (spec: migrate, verify)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from released.adapters.docker.containers import Running
from released.adapters.probes import delays, http_code
from released.domain import events as ev
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.releases.plan import ServicePlan
from released.phases.effects import Harmless, Step
from released.phases.projects import containers_now
from released.phases.world import World

PROBE_TIMEOUT_S = 5.0


def healthy_step(world: World, name: str, service: ServicePlan) -> Step:
    """Wait until a service is well, as long as its manifest allows."""
    return Step(name, Harmless(lambda slot: wait_healthy(world, service, slot.say)), service.health.timeout_s)


def wait_healthy(world: World, service: ServicePlan, say: Callable[[str], None]) -> ev.Checked:
    """Wait until the service's containers are healthy and its endpoint answers, inside ``health.timeout``.

    Args:
        world: the environment.
        service: what is waited for.
        say: is told the last line of each check.

    Raises:
        StepFailed: ``unhealthy`` or ``http_health``; with the containers' last words as evidence.
    """
    begin = world.monotonic()
    deadline = begin + service.health.timeout_s
    lines = _wait_containers(world, service, deadline)
    line = _wait_endpoint(world, service, deadline)
    for line_said in (*lines, *line):
        say(line_said)
    failing = [one for one in (*lines, *line) if one.startswith("✗")]
    if failing:
        raise StepFailed(unhealthy(world, service, failing, world.monotonic() - begin))
    return ev.Checked((*lines, *line))


def _wait_containers(world: World, service: ServicePlan, deadline: float) -> list[str]:
    present = containers_now(world, service)
    needing = frozenset(one.id for one in present if _needs_health(service, one))
    ids = [one.id for one in present]
    settled = world.engine.wait_settled(ids, needing, deadline, world.monotonic, world.interruption)
    return container_lines(service, settled)


def container_lines(service: ServicePlan, found: Sequence[Running]) -> list[str]:
    """Judge the service's containers, one line each for what must run and what must be healthy."""
    by_name = {one.name: one for one in found}
    lines: list[str] = []
    for wanted in service.containers:
        one = by_name.get(wanted.name)
        if one is None:
            lines += [f"✗ {service.name}.running: {wanted.name} does not exist"] if wanted.required else []
        elif one.state != "running" and wanted.required:
            lines.append(f"✗ {service.name}.running: {wanted.name} is {one.state} (exit code {one.exit_code})")
        elif one.health not in ("", "healthy") and wanted.health_check:
            # One phrase for both (spec: Messages): playbooks look for it, and a start that takes too long is one.
            late = " (still starting)" if one.health == "starting" else ""
            lines.append(f"✗ {service.name}.healthy: unhealthy{late}")
        else:
            lines.append(f"✓ {service.name}.{'healthy' if one.health else 'running'}: {wanted.name}")
    return lines


def _needs_health(service: ServicePlan, one: Running) -> bool:
    return any(wanted.name == one.name and wanted.health_check for wanted in service.containers)


def _wait_endpoint(world: World, service: ServicePlan, deadline: float) -> list[str]:
    for delay in delays():
        is_last = world.monotonic() >= deadline  # asked first: a look before a pause of the machine judges nothing
        lines = endpoint_lines(world, service)
        if is_last or not any(line.startswith("✗") for line in lines):
            return lines
        world.interruption.pause(min(delay, max(deadline - world.monotonic(), 0.0)))
    return []


def endpoint_lines(world: World, service: ServicePlan) -> list[str]:
    """Probe the endpoint once, where the service has one."""
    if service.health.endpoint is None:
        return []
    code = http_code(service.health.endpoint, PROBE_TIMEOUT_S, world.interruption)
    mark = "✓" if code == service.health.expected_code else "✗"
    return [f"{mark} http-health: HTTP {code} ({service.name})"]


def unhealthy(world: World, service: ServicePlan, failing: Sequence[str], waited_s: float) -> Failure:
    """Describe a service that is not well: what was asked for how long, and what its containers said last."""
    code = "http_health" if all("http-health" in line for line in failing) else "unhealthy"
    if any(".image:" in line for line in failing):
        code = "image_mismatch"
    told = "\n".join([*failing, *_asked(service, failing, waited_s)])
    return Failure(code, told, evidence=_last_words(world, service))


def _asked(service: ServicePlan, failing: Sequence[str], waited_s: float) -> list[str]:
    """Say where the endpoint is that did not answer as it should, and how long that was waited for."""
    health = service.health
    if any(".image:" in line for line in failing):
        return []  # that counts at once
    if not any("http-health" in line for line in failing):
        return [f"  {service.name} was waited for {waited_s:.0f} s."]
    return [f"  {health.endpoint} was asked for {waited_s:.0f} s and did not answer HTTP {health.expected_code}."]


def _last_words(world: World, service: ServicePlan) -> str:
    parts = [
        f"--- {one.name} ({one.state}{', ' + one.health if one.health else ''})\n"
        f"{world.engine.health_log(one.id)}\n{world.engine.logs_tail(one.id, world.mask, 2048)}"
        for one in containers_now(world, service)
    ]
    return "\n".join(parts)
