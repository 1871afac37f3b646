"""One environment as a test of refusals sees it: spoilt on purpose, asked for a release, and found unchanged."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.ops_repo import OpsRepo

LogRow = tuple[str, str, str]
"""Stream, type and payload of an event."""

_OURS = ("refs/released/", "refs/notes/released")
_OUR_FOLDER = "released"
"""What the daemon keeps beside git's own files."""
_LOCK_FILE = ".asd/workspace/releases/.lock"


@dataclass(frozen=True)
class Snapshot:
    """Everything that a refusal must leave as it is."""

    head: str
    """What HEAD names: a branch or a commit."""
    refs: str
    """All refs but ours, each with its commit."""
    reflog: bytes
    repository: frozenset[str]
    """What lies at the top of ``.git``: a merge in progress, a lock."""
    status: str
    files: Mapping[str, str]
    """Path to digest and mode, ignored files and the workspace included."""
    containers: Mapping[str, str]
    """Service to container id."""


@dataclass(frozen=True)
class Refusal:
    """What an operator and a program were told."""

    text: str
    """stderr of the text form."""
    reason: str
    message: str
    next: tuple[tuple[str, ...], ...]
    """The argument lists that may be typed next."""


@dataclass(frozen=True)
class Site:
    """An environment of a running daemon."""

    name: str
    ops: OpsRepo
    database: Path
    client: Callable[..., CompletedProcess[str]]
    """Runs ``releasectl`` in this environment."""
    container_ids: Callable[[], dict[str, str]]

    def merge(self, ticket: str, files: Mapping[str, str | None]) -> str:
        """Merge a pull request for the ticket; return the merge commit."""
        return self.ops.merge_pull_request(f"ticket-{ticket}", files, f"Ticket {ticket}")

    def git(self, *arguments: str) -> str:
        """Run git in the checkout, as a person at its keyboard."""
        return self.ops.git(*arguments)

    def document(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 (a document of any shape)
        """Ask as a program does; give the one document that is answered.

        Args:
            arguments: the command line.
            code: the exit code to be expected.
        """
        told = self.client("-o", "json", *arguments)
        assert told.returncode == code, told.stderr + told.stdout
        return json.loads(told.stdout)

    def refuses(self, *arguments: str, code: int = 3) -> Refusal:
        """Type a command about a ticket; it must be refused, change nothing, and be on record once.

        It is typed twice at once with one request id, for people and for programs: that counts as one request.

        Args:
            arguments: command and ticket first, then options.
            code: the exit code to be expected.
        """
        before, log = self.snapshot(), self.log()
        told = self.told(*arguments, "--request-id", f"test-{uuid4()}", code=code)
        assert self.snapshot() == before
        new = self.log()[len(log) :]
        assert [event[:2] for event in new] == [(f"release/{self.name}/{arguments[1]}", "refused")]
        recorded = json.loads(new[0][2])
        assert (recorded["command"], recorded["code"]) == (arguments[0], told.reason)
        assert recorded["message"] == told.message
        return told

    def rejects(self, *arguments: str, code: int = 2) -> Refusal:
        """Type a command that is wrong in itself; it must change nothing, and nothing is worth a record."""
        before, log = self.snapshot(), self.log()
        told = self.told(*arguments, code=code)
        assert self.snapshot() == before
        assert self.log() == log
        return told

    def log(self) -> list[LogRow]:
        """List the whole log as it lies in the database, other tickets and the environment included."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return list(database.execute("SELECT stream, type, payload FROM events ORDER BY position"))

    def snapshot(self) -> Snapshot:
        """Note how everything stands."""
        git = self.ops.checkout / ".git"
        refs = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return Snapshot(
            head=(git / "HEAD").read_text(encoding="utf-8"),
            refs="\n".join(ref for ref in refs if not ref.startswith(_OURS)),
            reflog=(git / "logs" / "HEAD").read_bytes(),
            repository=frozenset(path.name for path in git.iterdir()) - {_OUR_FOLDER},
            status=self.git("status", "--porcelain=v2"),
            files=self._files(),
            containers=self.container_ids(),
        )

    def derived(self, ticket: str, kind: str) -> str:
        """Read the file ``<ticket>.<kind>`` of the workspace."""
        return (self.ops.checkout / ".asd/workspace/releases" / f"{ticket}.{kind}").read_text(encoding="utf-8")

    def told(self, *arguments: str, code: int) -> Refusal:
        """Type a command that must fail, for people and for programs at once; give what was told.

        Args:
            arguments: the command line.
            code: the exit code to be expected.
        """
        with ThreadPoolExecutor() as both:
            text, machine = both.map(lambda form: self.client("-o", form, *arguments), ("text", "json"))
        assert (text.returncode, machine.returncode) == (code, code), text.stderr + machine.stdout
        assert text.stdout == ""
        error = json.loads(machine.stdout)["error"]
        assert error["code"] == code
        assert text.stderr.startswith(f"[ERROR] {error['message']}\n")
        commands = tuple(tuple(command["argv"]) for command in error["next"])
        return Refusal(text.stderr, error["reason"], error["message"], commands)

    def _files(self) -> dict[str, str]:
        root = self.ops.checkout
        paths = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts)
        digests = {str(path.relative_to(root)): _digest(path) for path in paths}
        digests.pop(_LOCK_FILE, None)
        return digests


def _digest(path: Path) -> str:
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mode:o}"
