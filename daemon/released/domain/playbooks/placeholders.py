"""Names in a playbook's commands, ``<service>`` for instance, that stand for what is on record of a failure.

Commands of playbooks are shell commands, so that nothing is put into one but a value of plain characters that no shell
gives a meaning to, and that no tool takes for an option.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from released.domain.errors import InvalidInput
from released.domain.ids import Phase
from released.domain.playbooks.detection import pattern_of
from released.domain.playbooks.matching import Found
from released.domain.playbooks.symptom import symptom_lines
from released.domain.releases.plan import ServicePlan
from released.domain.releases.release import ReleaseState

Values = Mapping[str, str]
"""A placeholder's name to what it stands for."""

_PLACEHOLDER = re.compile(r"(?<!\(\?)(?<!\(\?P)<([a-z][a-z0-9_/-]*)>")
"""A name in angle brackets, unless a regular expression calls one of its groups that."""
_PLAIN = r"[A-Za-z0-9_./@:][A-Za-z0-9_./@:+,=-]*"
_FORMS = {
    "ticket": r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "service": r"[a-z0-9][a-z0-9._-]{0,63}",
    "container": r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    "variable": r"[A-Za-z_][A-Za-z0-9_]*",
    "image": r"[a-z0-9][A-Za-z0-9_./@:-]*",
    "commit": r"[0-9a-f]{7,40}",
    "port": r"[0-9]{1,5}",
}


class Filled(NamedTuple):
    """A text with its placeholders filled, and the names of those of which nothing is known."""

    command: str
    missing: tuple[str, ...] = ()


def fill(command: str, values: Values, quote: Callable[[str], str] = shlex.quote) -> Filled:
    """Put values in place of the placeholders; one of which nothing is known stays."""
    missing = tuple(dict.fromkeys(name for name in _PLACEHOLDER.findall(command) if name not in values))
    return Filled(_PLACEHOLDER.sub(lambda one: quote(values[one[1]]) if one[1] in values else one[0], command), missing)


def fill_expectation(expect: str, values: Values) -> Filled:
    """Put values in place of the placeholders of what a playbook expects; each means itself, in a ``/pattern/`` too."""
    return fill(expect, values, str if pattern_of(expect) is None else re.escape)


def accepted(values: Values) -> dict[str, str]:
    """Accept values that a person gave.

    Raises:
        InvalidInput: ``value_invalid``, one would not be a plain word of its kind.
    """
    for name, value in values.items():
        if not _is_valid(name, value):
            raise InvalidInput(
                "value_invalid",
                f"{value!r} cannot stand for <{name}>: expected {_FORMS.get(name, _PLAIN)}, nothing that a shell or a "
                "tool could read as more than a value.",
            )
    return dict(values)


def recorded_values(state: ReleaseState, services: tuple[str, ...], found: Iterable[Found]) -> dict[str, str]:
    """Gather what the record says of a failure: what a symptom's wildcards stood for, and over that the facts.

    Args:
        state: the release as it stood at the failure; a new one where it never ran.
        services: that the failure is about.
        found: lines of a symptom, and where they were found.
    """
    seen = {name: value for one in found for name, value in _captured(one)}
    facts = {**seen, **_of_release(state)}
    if services:
        facts["service"] = services[0]
    facts |= {name: value for name, value in _of_service(state, facts.get("service", "")) if name not in facts}
    return {name: value for name, value in facts.items() if _is_valid(name, value)}


def _is_valid(name: str, value: str) -> bool:
    return len(value) <= 512 and re.fullmatch(_FORMS.get(name, _PLAIN), value) is not None  # noqa: PLR2004 (no name is longer)


def _captured(one: Found) -> Iterable[tuple[str, str]]:
    (line,) = symptom_lines(one.symptom)
    for name, text in line.captures(one.recorded):
        words = text.split()
        # More may stand there than the name means, ``line 3: NAME`` for instance: then its last word counts.
        yield from ((name, word) for word in (text, *words[-1:]) if _is_valid(name, word))


def _of_release(state: ReleaseState) -> dict[str, str]:
    if state.plan is None:
        return {}
    plan, step = state.plan, state.halt.step if state.halt else None
    scripts = [one.path for one in plan.scripts if state.phase is Phase.TICKET and one.name == step]
    script = {"script": scripts[0]} if scripts else {}
    return {"ticket": state.ticket, "commit": plan.merge_sha, "prefix": plan.container_prefix, **script}


def _of_service(state: ReleaseState, name: str) -> Iterable[tuple[str, str]]:
    service = _service(state, name)
    if service is None:
        return
    yield "folder", service.folder
    if service.health.endpoint:
        yield "endpoint", service.health.endpoint
    if service.containers:
        yield "container", service.containers[0].name
    if service.image is not None:
        yield "image", service.image.reference


def _service(state: ReleaseState, name: str) -> ServicePlan | None:
    plan = state.plan
    known = (*plan.services, *plan.verified) if plan else ()
    return next((one for one in known if one.name == name), None)
