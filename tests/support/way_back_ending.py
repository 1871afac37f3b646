"""What a way back left behind, without what differs between any two of them."""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from docker import APIClient

from released.adapters.backups import sets
from released.adapters.docker.volumes import HELPER_LABEL
from support.crash_story import TICKET, log_of, plain
from support.docker_stack import ENGINE_URL
from support.stack import ENVIRONMENT
from support.volume_picture import volume_picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from support.stack import Stack
    from support.standing import Standing

_DISTURBED = ("recovered", "reconciled", "step_started", "step_interrupted")
_NEITHER = "neither"


@dataclass(frozen=True)
class Ending:
    """The checkout, the services, the data and the record at the end of a way back."""

    exit_code: int
    """Of a client that watched its end."""
    tree: str
    """Whose tree the checkout has."""
    commits: Sequence[str]
    """The messages of what is on top of what stood before, and the branch."""
    differences: str
    """Between the work tree and HEAD."""
    remote: bool
    """Whether the remote's branch is where HEAD is."""
    containers: Mapping[str, tuple[str, ...]]
    """Of each service: whose image runs, under what tag, its state and health."""
    image_names: Mapping[str, str]
    """Name of each image of ours and those that were kept, to whose image it is."""
    data: Mapping[str, tuple[int, tuple[int, int], bytes]]
    """Mode, owner and content of each path of the volume; how often the service began among it."""
    dotenv: str
    env_file: str
    log: Sequence[str]
    backups: Sequence[Mapping[str, str]]
    """The content of each backup set that reads back well, by archive and path."""
    witness: Sequence[str]
    """What hooks noted, in order."""
    events: Sequence[str]
    """Types, and steps or phases, but for interruptions."""
    occupied_by: str
    leftovers: Sequence[str]
    """Locks, unfinished files and helper containers that nobody will remove."""

    @classmethod
    def of(cls, stack: Stack, before: Standing, record: Sequence[dict[str, Any]], exit_code: int) -> Self:
        """Look around at the end of a way back; a daemon runs.

        Args:
            stack: the environment.
            before: what stood when it began.
            record: the events of the ticket since then.
            exit_code: of the client that watched.
        """
        git = stack.ops.git
        return cls(
            exit_code=exit_code,
            tree=_whose_tree(stack),
            commits=[
                plain(stack, git("log", "--format=%s%n%b", f"{before.head}..HEAD")),
                git("branch", "--show-current"),
            ],
            differences=git("status", "--porcelain", "--untracked-files=all"),
            remote=git("ls-remote", "origin", "refs/heads/main").split()[0] == stack.ops.head(),
            containers=_containers(stack, before),
            image_names=_image_names(stack, before),
            data=_data(stack),
            dotenv=plain(stack, (stack.ops.checkout / ".env").read_text(encoding="utf-8")),
            env_file=plain(stack, stack.derived(TICKET, "env")),
            log=log_of(stack),
            backups=_backups(stack),
            witness=(stack.home / "witness").read_text(encoding="utf-8").splitlines(),
            events=[_title(event) for event in record if event["type"] not in _DISTURBED],
            occupied_by=str(json.loads(stack.client("-o", "json", "status").stdout)["lock_ticket"]),
            leftovers=_leftovers(stack),
        )


def _whose_tree(stack: Stack) -> str:
    trees = {
        stack.ops.git("rev-parse", f"{commit}^{{tree}}", cwd=stack.ops.developer): name
        for commit, name in (("main", "the release's"), ("main^1", "the former"))
    }
    return trees.get(stack.ops.git("rev-parse", "HEAD^{tree}"), _NEITHER)


def _whose_image(image_id: str, before: Standing) -> str:
    return "what ran before" if image_id == before.images["web"] else "another"


def _containers(stack: Stack, before: Standing) -> dict[str, tuple[str, ...]]:
    with closing(APIClient(base_url=ENGINE_URL)) as api:
        found = {service: api.inspect_container(one) for service, one in stack.containers.ids().items()}
    return {
        service: (
            _whose_image(one["Image"], before),
            one["Config"]["Image"].rpartition(":")[2],
            one["State"]["Status"],
            one["State"]["Health"]["Status"],
        )
        for service, one in found.items()
    }


def _image_names(stack: Stack, before: Standing) -> dict[str, str]:
    with closing(APIClient(base_url=ENGINE_URL)) as api:
        named = {name: one["Id"] for one in api.images() for name in one["RepoTags"] or ()}
    mine = {name: image_id for name, image_id in named.items() if stack.names.prefix in name}
    return {plain(stack, name): _whose_image(image_id, before) for name, image_id in mine.items()}


def _data(stack: Stack) -> dict[str, tuple[int, tuple[int, int], bytes]]:
    picture = volume_picture(stack.names.container("web"), "/data")
    return {path: (entry.mode, entry.owner, entry.content) for path, entry in picture.items()}


def _backups(stack: Stack) -> list[dict[str, str]]:
    folder = sets.set_directory(stack.state_dir, ENVIRONMENT, "web", "20260518_153012").parent
    return [_content(stack, one) for one in sorted(folder.iterdir())]


def _content(stack: Stack, set_dir: Path) -> dict[str, str]:
    content = {}
    for file in sets.verify(set_dir).files:
        with tarfile.open(fileobj=io.BytesIO(b"".join(sets.open_tar(set_dir, file)))) as tar:
            for member in tar.getmembers():
                inside = tar.extractfile(member)
                content[f"{file.kind} {member.name}"] = plain(stack, inside.read().decode()) if inside else ""
    return content


def _title(event: dict[str, Any]) -> str:
    data = event["data"]
    return " ".join([event["type"], *(str(data[key]) for key in ("phase", "step") if key in data)])


def _leftovers(stack: Stack) -> list[str]:
    checkout = stack.ops.checkout
    files = [*(checkout / ".git").rglob("*.lock"), *(checkout / ".git").rglob("*.released-tmp")]
    files += [*stack.workspace.rglob("*.tmp"), *(stack.state_dir / "backups").rglob("*.tmp")]
    with closing(APIClient(base_url=ENGINE_URL)) as api:
        helpers = api.containers(all=True, filters={"label": [f"{HELPER_LABEL}={stack.state_dir}/{ENVIRONMENT}"]})
    return [*map(str, files), *(one["Id"] for one in helpers)]
