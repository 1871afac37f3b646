"""What a commit holds: files and folders of its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.git.paths import refuse_undecodable, repository_path
from released.adapters.git.records import TreeEntry, parse_tree
from released.domain.errors import Refused
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

_LARGEST_READ = 16 * 1024 * 1024


def read_file(command: GitCommand, commit: Sha, path: str) -> bytes | None:
    """Return a file's content at a commit; ``None`` where the commit has no such path.

    Raises:
        Refused: the path is a folder, a symbolic link or a submodule there (``not_a_file``), or the file is larger
            than 16 MiB (``file_too_large``).
    """
    entry = next(iter(_tree(command, commit, repository_path(path))), None)
    if entry is None:
        return None
    if not entry.mode.startswith("100"):
        raise Refused("not_a_file", f"{path} at {commit} is no regular file (git mode {entry.mode}); it is not read.")
    _refuse_large(command, commit, entry)
    return command.ask("cat-file", "blob", entry.blob).output


def list_folder(command: GitCommand, commit: Sha, folder: str, *, recursive: bool) -> tuple[TreeEntry, ...]:
    """Return what lies in ``folder`` (empty: the root) at a commit; ``recursive``: all files below it.

    Raises:
        Refused: the name of an entry is no UTF-8 text (``path_not_text``).
    """
    below = f"{repository_path(folder)}/" if folder else ""
    entries = _tree(command, commit, below, *(("-r",) if recursive else ()))
    refuse_undecodable(commit, entries)
    return entries


def _tree(command: GitCommand, commit: Sha, path: str, *options: str) -> tuple[TreeEntry, ...]:
    paths = (path,) if path else ()
    answer = command.ask("ls-tree", "-z", "--full-tree", *options, parse_sha(commit), "--", *paths)
    return parse_tree(answer.output)


def _refuse_large(command: GitCommand, commit: Sha, entry: TreeEntry) -> None:
    size = int(command.ask("cat-file", "-s", entry.blob).text)
    if size > _LARGEST_READ:
        raise Refused(
            "file_too_large",
            f"{entry.path} at {commit} has {size} bytes; files of more than {_LARGEST_READ} bytes are not read. "
            "Make it smaller, then run again.",
        )
