"""What the first file of an export says: what is in it, and what each file hashes to (docs/export.md)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

import msgspec

from released.domain.errors import InvalidInput

FORMAT = "released-export"
VERSION = 1
MANIFEST, EVENTS, OUTPUTS = "manifest.json", "events.jsonl", "outputs"
_PART = re.compile(r"[A-Za-z0-9@_+-][A-Za-z0-9@_.+-]*")
"""A name of a file or folder below ``outputs``; none of them can lead out of it."""
_LONGEST_PATH = 12
"""Parts."""

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Natural = Annotated[int, msgspec.Meta(ge=0)]


class ExportedFile(msgspec.Struct, frozen=True):
    """A file of the export."""

    bytes: Natural
    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of it."""

    format: str
    version: int
    made_at: dt.datetime
    made_by: str
    """Who had it made, and with which version of released."""
    environment: str
    ticket: str
    """The only one that is in it; empty: all of the environment."""
    events: Natural
    last_position: Natural
    """Of its last event, in the log that it was taken from."""
    log_hash: str
    """The hash of that log there."""
    files: dict[str, ExportedFile]


def encode(manifest: Manifest) -> bytes:
    """Write it."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode(content: bytes, name: str) -> Manifest:
    """Read it.

    Raises:
        InvalidInput: ``export_invalid``: it is none, of a newer format, or names a file that no export has.
    """
    try:
        found = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise invalid(name, f"its manifest cannot be read: {error}") from None
    if (found.format, found.version) != (FORMAT, VERSION):
        raise invalid(name, f"it has format {found.format!r} version {found.version}, known is version {VERSION}")
    for path in found.files:
        if not is_known(path):
            raise invalid(name, f"its manifest names {path!r}, which no export has")
    if EVENTS not in found.files:
        raise invalid(name, f"there are no {EVENTS} in it")
    return found


def is_known(path: str) -> bool:
    """Tell whether an export may have such a file."""
    first, *parts = path.split("/")
    if not parts:
        return first == EVENTS
    return first == OUTPUTS and len(parts) <= _LONGEST_PATH and all(map(_PART.fullmatch, parts))


def invalid(name: str, why: str) -> InvalidInput:
    """Say why a file is no export, or not as it was written."""
    return InvalidInput("export_invalid", f"{name} is no export of released, or was changed: {why}.")
