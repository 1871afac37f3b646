"""The only place where GitPython is called: one git process with our environment, an end, and an answer."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, cast

from released.adapters.commands.sessions import communicate
from released.adapters.git.environment import inherited_git_variables
from released.adapters.interruption import Interruption
from released.domain.errors import Refused

# Without this a host that lacks git fails at import, before anybody could be told in a sentence.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from git.cmd import Git as GitProgram
from git.refs.log import RefLog

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

_EVIDENCE_CHARACTERS = 8192
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/]*@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Answer:
    """What one git process left: exit status, output, and what it complained about (credentials masked)."""

    rc: int
    output: bytes
    complaint: str

    @property
    def text(self) -> str:
        """The output as text without its last newline."""
        return decode(self.output).removesuffix("\n")


@dataclass(frozen=True)
class ReflogEntry:
    """One move of a ref."""

    old: str
    new: str
    message: str


class GitCommand:
    """Runs git in one checkout.

    Each call starts a process of its own session and waits for its end, so nothing stays behind: GitPython's ``Repo``,
    whose ``cat-file`` children live on until it is closed, is not used.
    """

    def __init__(
        self, checkout: Path, environment: Mapping[str, str], interruption: Interruption | None = None
    ) -> None:
        self.checkout = checkout
        self._environment = dict(environment)
        self._interruption = interruption or Interruption()

    def heeding(self, interruption: Interruption) -> GitCommand:
        """Give the same, whose runs end when they are interrupted."""
        return GitCommand(self.checkout, self._environment, interruption)

    def run(
        self,
        *arguments: str,
        stdin: BinaryIO | None = None,
        timeout_s: float | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Run git to its end, or for ``timeout_s`` seconds; then it and its children are ended.

        ``variables`` come on top of our environment.

        Raises:
            Refused: git is not installed (``git_missing``).
            TimeoutError: the time was up.
            StepFailed: ``killed``, when it is interrupted.
        """
        started = self._start(arguments, stdin, self._environment | dict(variables))
        process = _process_of(started)
        try:
            output, complaint = communicate(process, timeout_s, self._interruption)
        except TimeoutError as error:
            raise TimeoutError(f"git {error}") from None
        return Answer(process.returncode, output, presentable(complaint))

    def ask(
        self, *arguments: str, stdin: BinaryIO | None = None, variables: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """Run git for an answer that it must be able to give.

        Raises:
            Refused: git could not (``git_failed``), with its own words.
        """
        answer = self.run(*arguments, stdin=stdin, variables=variables)
        if answer.rc != 0:
            raise Refused(
                "git_failed",
                f"git {arguments[0]} in {self.checkout} ended with status {answer.rc}: {answer.complaint} "
                f"Look with: git -C {self.checkout} status",
            )
        return answer

    def path_of(self, name: str) -> Path:
        """Return where git keeps ``name`` (``index.lock``, ``MERGE_HEAD``), also in a linked work tree."""
        return self.checkout / self.ask("rev-parse", "--git-path", name).text

    def reflog(self, ref: str) -> tuple[ReflogEntry, ...]:
        """Return the moves of ``ref``, newest first; empty where there is no readable reflog."""
        try:
            entries = RefLog.from_file(str(self.path_of(f"logs/{ref}")))
        except (OSError, ValueError):
            return ()
        return tuple(ReflogEntry(entry.oldhexsha, entry.newhexsha, entry.message) for entry in reversed(entries))

    def _start(
        self, arguments: tuple[str, ...], stdin: BinaryIO | None, environment: Mapping[str, str]
    ) -> GitProgram.AutoInterrupt:
        # GitPython can add to the inherited environment, but not take away from it.
        scrubbed = [word for name in inherited_git_variables() for word in ("-u", name) if name not in environment]
        command = ["env", *scrubbed, "git", "-C", str(self.checkout), "--no-pager", *arguments]
        if shutil.which("git") is None:
            raise Refused("git_missing", "git is not installed. Install it with: apt-get install git")
        return GitProgram(str(self.checkout)).execute(
            command, istream=stdin, as_process=True, env=environment, start_new_session=True
        )


def decode(raw: bytes) -> str:
    """Turn git's bytes into text that turns back into the same bytes."""
    return raw.decode("utf-8", "surrogateescape")


def shown(path: str) -> str:
    r"""Turn a path into text that every encoder accepts: bytes that are not UTF-8 read ``\xe9``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def presentable(raw: bytes) -> str:
    """Turn what git complained about into text to show and keep: the last 8 KiB, no credentials, no control codes."""
    text = _USERINFO.sub(r"\1***@", raw.decode("utf-8", "replace").replace("\r", "\n"))
    return _last_lines(_CONTROL.sub("", text).strip())


def _last_lines(text: str) -> str:
    """Cut to whole lines where there are several: half a secret would not be found when the rest is masked."""
    if len(text) <= _EVIDENCE_CHARACTERS:
        return text
    cut = text[-_EVIDENCE_CHARACTERS - 1 :]  # the character before tells whether a line begins there
    return cut.partition("\n")[2] or cut[1:]


def _process_of(started: GitProgram.AutoInterrupt) -> subprocess.Popen[bytes]:
    """Return the process inside GitPython's wrapper, which ends it when the wrapper is forgotten."""
    return cast("subprocess.Popen[bytes]", started.proc)
