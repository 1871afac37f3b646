"""A gate at which a release waits in the midst of a step, in an environment without containers."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.site import Site

_WAIT = '#!/bin/sh\necho waiting\n: >{began}\nread word <{gate}\necho "$word"\ntest "$word" = go\n'


@dataclass(frozen=True)
class Gate:
    """Two pipes: one tells that a program stands at the gate, one lets it go on."""

    folder: Path

    @classmethod
    def before(cls, site: Site, ticket: str) -> Gate:
        """Merge a ticket whose only script waits at the gate, each time that it runs."""
        gate = cls._built(site)
        site.merge(ticket, {f"releases/{ticket}-waits.sh": gate.program})
        return gate

    @classmethod
    def before_the_remote(cls, site: Site) -> Gate:
        """Let the remote wait at the gate whenever something is pushed to it."""
        gate = cls._built(site)
        hook = site.ops.origin / "hooks" / "pre-receive"
        hook.write_text(gate.program, encoding="utf-8")
        hook.chmod(0o755)
        return gate

    @classmethod
    def _built(cls, site: Site) -> Gate:
        gate = cls(site.ops.checkout / ".asd" / "gate")
        gate.folder.mkdir(parents=True)
        for pipe in (gate._began, gate._gate):
            os.mkfifo(pipe)
        return gate

    @property
    def program(self) -> str:
        """A shell script that says that it waits, and fails where it is told another word than ``go``."""
        return _WAIT.format(began=shlex.quote(str(self._began)), gate=shlex.quote(str(self._gate)))

    def await_arrival(self) -> None:
        """Wait until somebody stands at the gate."""
        self._began.read_text(encoding="ascii")

    def open(self, word: str = "go") -> None:
        """Let the one who stands there go on."""
        self._gate.write_text(f"{word}\n", encoding="ascii")

    def open_if_awaited(self) -> None:
        """Let the one go on who stands there, if anybody does.

        Asked and done in one: to look by ``is_deserted`` already sends away whoever stands there.
        """
        with contextlib.suppress(OSError):
            gate = os.open(self._gate, os.O_WRONLY | os.O_NONBLOCK)
            os.write(gate, b"go\n")
            os.close(gate)

    def is_deserted(self) -> bool:
        """Tell whether nobody stands there any more: a pipe without a reader cannot be opened for writing."""
        try:
            os.close(os.open(self._gate, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            return error.errno == errno.ENXIO
        return False

    @property
    def _began(self) -> Path:
        return self.folder / "began"

    @property
    def _gate(self) -> Path:
        return self.folder / "gate"
