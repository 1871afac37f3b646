"""Makes an ops repo that can be released at once: the files of ``scaffold/``, and their first commit."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import count
from pathlib import Path
from string import Template

from releasectl.errors import ClientError, usage
from releasectl.exit_codes import ExitCode
from releasectl.first_commit import first_commit

_FIRST_PORT = 8080
_HIDDEN = "dot_"
"""Begins the name of a file whose own name begins with a dot: git and other tools would heed it in our sources."""
_VARIABLES = ".env"


class _Blank(Template):
    """A file with blanks such as ``@@{port}``: the usual signs mean something to shell, Compose and just."""

    delimiter = "@@"


def make(root: Path) -> str:
    """Make an ops repo in a folder that is empty or not there yet; give its first commit.

    Args:
        root: absolute.

    Raises:
        ClientError: refused, and nothing was changed.
    """
    if not str(root).isprintable():
        raise usage(f"{str(root)!r} cannot stand in the daemon's configuration: choose a name of printable characters.")
    try:
        with _all_or_nothing(root):
            return first_commit(root, _write(root))
    except OSError as error:
        raise _refused(
            "folder_unusable",
            f"No ops repo can be made in {root}: {error.strerror}. It needs a folder above it that is yours to write.",
        ) from None


@contextmanager
def _all_or_nothing(root: Path) -> Iterator[None]:
    """Take the folder, and leave it as it was unless all goes well."""
    made = _take(root)
    try:
        yield
    except BaseException:
        for entry in root.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if made:
            root.rmdir()
        raise


def _take(root: Path) -> bool:
    """Make the folder, or find it empty; tell whether it was made."""
    try:
        root.mkdir()
    except FileExistsError:
        if root.is_dir() and not any(root.iterdir()):
            return False
        raise _refused("folder_not_empty", f"{root} is not an empty folder. Name one that is, or a new one.") from None
    return True


def _refused(reason: str, message: str) -> ClientError:
    return ClientError(ExitCode.REFUSED, reason, message)


# --- files -------------------------------------------------------------------------------------------------------


def _write(root: Path) -> list[str]:
    """Write every file; give the paths of those that are to be committed."""
    values = _values(root)
    texts = {path: _Blank(text).substitute(values) for path, text in _scaffold(files("releasectl") / "scaffold")}
    for path, text in texts.items():
        _write_file(root / path, text)
    return [path for path in texts if path != _VARIABLES]


def _scaffold(folder: Traversable, below: str = "") -> Iterator[tuple[str, str]]:
    """Give path and text of every file of the scaffold."""
    for entry in folder.iterdir():
        path = below + re.sub(f"^{_HIDDEN}", ".", entry.name)
        if entry.is_dir():
            yield from _scaffold(entry, f"{path}/")
        else:
            yield path, entry.read_text(encoding="utf-8")


def _write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600 if path.name == _VARIABLES else 0o666)
    path.write_text(text, encoding="utf-8")


# --- blanks ------------------------------------------------------------------------------------------------------


def _values(root: Path) -> Mapping[str, str]:
    """Tell this installation from others on the same host by the folder's name and a port of its own."""
    project = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-") or "ops"
    return {
        "project": project,
        "prefix": f"{project}-",
        "port": str(next(port for port in count(_FIRST_PORT) if _is_free(port))),
        "root": json.dumps(str(root), ensure_ascii=False),  # which is YAML, too
    }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
