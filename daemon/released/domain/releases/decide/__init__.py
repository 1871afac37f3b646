"""Decisions on what operators ask for: a command and the present state in, events out, nothing touched."""

from released.domain.releases.decide.resuming import admit_resume, resume
from released.domain.releases.decide.reverting import admit_revert, revert
from released.domain.releases.decide.settling import abandon, cancel, legal_hold, note, occupant, resolve
from released.domain.releases.decide.starting import admit_adopt, admit_start, adopt, refuse_busy, start

__all__ = [
    "abandon",
    "admit_adopt",
    "admit_resume",
    "admit_revert",
    "admit_start",
    "adopt",
    "cancel",
    "legal_hold",
    "note",
    "occupant",
    "refuse_busy",
    "resolve",
    "resume",
    "revert",
    "start",
]
