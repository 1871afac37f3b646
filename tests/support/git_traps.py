"""Ways in which git runs a program that somebody has put in its way: hooks, and keys of a clone's configuration.

Each trap comes with what springs it when a person types it, so that a test knows that the trap works.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.ops_repo import as_a_developer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PROGRAM = "#!/bin/sh\n: >'{mark}'\nexit 1\n"


@dataclass(frozen=True)
class Trap:
    """One place from which git takes the name of a program."""

    name: str
    sprung_by: str
    """What a person types in the checkout, as shell text."""
    settings: Mapping[str, str]
    """Keys of the clone's configuration; ``{program}`` stands for the program, ``{git}`` for the folder ``.git``."""
    files: Mapping[str, str]
    """Files below ``.git``; a hook that is to be the program itself has the content ``{program}``."""


def _configured(key: str, sprung_by: str, value: str = "{program}", **settings: str) -> Trap:
    return Trap(key, sprung_by, {key: value, **{name.replace("__", "."): text for name, text in settings.items()}}, {})


def _hook(name: str, sprung_by: str) -> Trap:
    return Trap(name, sprung_by, {}, {f"hooks/{name}": "{program}"})


_MERGE_BY_HAND = (
    "git reset -q --hard; git switch -qc mine HEAD~1; echo mine >README.md; git commit -qam mine; git merge main"
)

_ENOUGH_TO_COLLECT = {f"objects/17/{digit * 38}": "" for digit in "123"}

HOOKS: Sequence[Trap] = (
    _hook("reference-transaction", "git update-ref refs/heads/new HEAD"),
    _hook("post-checkout", "git switch -qc new"),
    _hook("post-index-change", "touch -d @1 README.md; git update-index --refresh"),
    _hook("post-merge", "git reset -q --hard HEAD~1; git merge -q --ff-only origin/main"),
    _hook("pre-push", "git push origin HEAD:refs/heads/new"),
    _hook("pre-commit", "git commit --allow-empty -qm mine"),
    _hook("post-commit", "git commit --allow-empty -qm mine"),
    _hook("post-rewrite", "git commit --amend --allow-empty -qm mine"),
    Trap("pre-auto-gc", "git gc --auto", {"gc.auto": "1"}, {"hooks/pre-auto-gc": "{program}", **_ENOUGH_TO_COLLECT}),
)

PROGRAMS: Sequence[Trap] = (
    _configured("core.fsmonitor", "git status"),
    _configured("core.editor", "git commit --amend"),
    _configured("sequence.editor", "git rebase -i HEAD~1"),
    _configured("diff.external", "git diff HEAD~1"),
    Trap("diff.x.command", "git diff HEAD~1", {"diff.x.command": "{program}"}, {"info/attributes": "* diff=x merge=x"}),
    Trap("diff.x.textconv", "git show", {"diff.x.textconv": "{program}"}, {"info/attributes": "* diff=x merge=x"}),
    Trap("merge.x.driver", _MERGE_BY_HAND, {"merge.x.driver": "{program}"}, {"info/attributes": "* diff=x merge=x"}),
    _configured("gpg.program", "git commit -S --allow-empty -qm mine", push__gpgSign="if-asked"),
    _configured("remote.origin.uploadpack", "git fetch origin"),
    _configured("remote.origin.receivepack", "git push origin HEAD:refs/heads/new"),
    _configured(
        "submodule.sub.update",
        "git -c protocol.file.allow=always submodule update",
        "!{program}",
        submodule__sub__url="{git}",
    ),
    Trap(
        "core.alternateRefsCommand",
        "git fetch origin",
        {"core.alternateRefsCommand": "{program}"},
        {"objects/info/alternates": "{git}/../../origin.git/objects\n"},
    ),
)
"""Those that an ordinary release could meet; none of them keeps another from being sprung."""

ELSEWHERE: Sequence[Trap] = (
    Trap("core.hooksPath", "git switch -qc new", {"core.hooksPath": "{git}/x"}, {"x/post-checkout": "{program}"}),
    Trap("include.path", "git status", {"include.path": "x.inc"}, {"x.inc": "[core]\nfsmonitor = {path}\n"}),
    Trap(
        "includeIf",
        "git push origin HEAD:refs/heads/new",
        {"includeIf.gitdir:{git}.path": "y.inc"},
        {"y.inc": '[remote "origin"]\nreceivepack = {path}\n'},
    ),
    Trap(
        "config.worktree",
        "git fetch origin",
        {"extensions.worktreeConfig": "true"},
        {"config.worktree": '[remote "origin"]\nuploadpack = {path}\n'},
    ),
)
"""Other files from which git takes configuration or hooks."""


_URL = "remote.origin.url"
_ALLOWED = {"protocol.ext.allow": "always"}

TRANSPORTS: Sequence[Trap] = (
    Trap("ext", "git fetch origin", {_URL: "ext::{program}", **_ALLOWED}, {}),
    Trap(
        "insteadOf",
        "git fetch origin",
        {_URL: "https://ops.invalid/", "url.ext::{program} .insteadOf": "https:", **_ALLOWED},
        {},
    ),
    Trap("vcs", "git fetch origin", {_URL: "{program}", "remote.origin.vcs": "ext", **_ALLOWED}, {}),
    Trap("core.sshCommand", "git fetch origin", {_URL: "ssh://ops.invalid/", "core.sshCommand": "{program}"}, {}),
    Trap("core.gitProxy", "git fetch origin", {_URL: "git://ops.invalid/", "core.gitProxy": "{program}"}, {}),
    Trap("core.askPass", "git fetch origin", {_URL: "{asking}/ops", "core.askPass": "{program}"}, {}),
    Trap("credential.helper", "git fetch origin", {_URL: "{asking}/ops", "credential.helper": "!{program}"}, {}),
    Trap(
        "credential.URL.helper",
        "git fetch origin",
        {_URL: "{asking}/ops", "credential.{asking}.helper": "!{program}"},
        {},
    ),
)
"""Those of a remote that cannot be reached otherwise; ``{asking}`` is the URL of a server that wants a password."""

PROMISED = Trap(
    "remote.evil.promisor",
    "git show HEAD:packages/web/manifest.yaml",
    {"remote.evil.url": "{git}", "remote.evil.promisor": "true", "remote.evil.uploadpack": "{program}"},
    {},
)
"""Springs where an object is missing: git asks the remote that promised it, by the program that it names."""


@dataclass(frozen=True)
class Field:
    """Lays traps in checkouts; each program leaves a mark when it runs."""

    folder: Path
    asking: str = ""
    """URL of a server that wants a password."""

    def lay(self, trap: Trap, checkout: Path) -> None:
        """Put a trap into a checkout."""
        git = checkout / ".git"
        program = self._program(trap.name)
        words = {"program": str(program), "path": str(program), "git": str(git), "asking": self.asking}
        for key, value in trap.settings.items():
            _type(checkout, "git", "config", key.format(**words), value.format(**words))
        for name, content in trap.files.items():
            place = git / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if content == "{program}":
                place.symlink_to(program)
            else:
                place.write_text(content.format(**words), encoding="utf-8")

    def spring(self, trap: Trap, checkout: Path) -> bool:
        """Do what springs a trap; tell whether it did."""
        subprocess.run(
            ["sh", "-c", trap.sprung_by],  # noqa: S607 (as a person types it)
            cwd=checkout,
            env=as_a_developer(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return self.sprung(trap)

    def sprung(self, trap: Trap) -> bool:
        """Tell whether the program of a trap ran, and forget it."""
        mark = self.folder / f"{trap.name}.ran"
        ran = mark.exists()
        mark.unlink(missing_ok=True)
        return ran

    def _program(self, name: str) -> Path:
        program = self.folder / name
        program.write_text(_PROGRAM.format(mark=f"{program}.ran"), encoding="utf-8")
        program.chmod(0o755)
        return program


def _type(checkout: Path, *command: str) -> None:
    subprocess.run(command, cwd=checkout, env=as_a_developer(), check=True)
