"""Records with strace what a program and its children do to the files of one folder."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from support.crash_states import Acknowledge, Cut, Flush, Make, Operation, Remove, Rename, Write
from support.file_watch import await_content

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_CALLS = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename"
_LONGEST_WRITE = 1 << 20
_BEGUN = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_ENDED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_FILE = re.compile(r"^\d+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
ACKNOWLEDGED = b"acknowledged "
"""What a program writes, with what it means and a newline, when it tells somebody that something is durable."""


def recording(log: Path) -> tuple[str, ...]:
    """Give what stands before the command line of a program that is to be recorded.

    Skips the test where there is no strace.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace to record system calls with: run 'packaging/prepare-host.sh faults'")
    # As a grandchild, so that the program is the child of its starter.
    options = ("-D", "-f", "--seccomp-bpf", "-q", "-y", "-xx", "-s", str(_LONGEST_WRITE))
    return (strace, *options, "-e", f"trace={_CALLS}", "-o", str(log))


def await_end(log: Path, pid: int) -> None:
    """Wait until all is recorded that a process did, which is over."""
    await_content(log, f"{pid:<5} +++ exited".encode())


def operations(log: Path, paths: Collection[Path]) -> Iterator[Operation]:
    """Give what was done to files and folders, in the order in which calls came to their end, and what was told."""
    names = {str(path) for path in paths}
    for call, arguments, result in _calls(log):
        for operation in _operation(call, arguments, result):
            if isinstance(operation, Acknowledge) or operation.path in names:
                yield operation


def _calls(log: Path) -> Iterator[tuple[str, str, int]]:
    """Give the calls that succeeded; those of other threads may have come between the two halves of one."""
    begun: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if first := _BEGUN.match(line):
                begun[first[1]] = first[2]
                continue
            second = _ENDED.match(line)
            whole = f"{second[1]} {begun.pop(second[1])}{second[2]}" if second else line
            if (found := _CALL.match(whole)) and int(found[4]) >= 0:
                yield found[2], found[3], int(found[4])


def _operation(call: str, arguments: str, result: int) -> Iterator[Operation]:
    texts = [_bytes(text) for text in _TEXT.findall(arguments)]
    on = _FILE.match(arguments)
    path = _bytes(on[1]).decode() if on else ""
    match call:
        case "openat" if "O_CREAT" in arguments:
            yield Make(texts[-1].decode())
        case "pwrite64":
            yield Write(path, int(arguments.rsplit(",", 1)[1]), texts[-1][:result])
        case "write" if texts and texts[-1].startswith(ACKNOWLEDGED):
            yield Acknowledge(texts[-1].removeprefix(ACKNOWLEDGED).decode().strip())
        case "fsync" | "fdatasync":
            yield Flush(path)
        case "ftruncate":
            yield Cut(path, int(arguments.rsplit(",", 1)[1]))
        case "unlink":
            yield Remove(texts[0].decode())
        case "rename":
            yield Rename(texts[0].decode(), texts[1].decode())
        case _:
            pass


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
