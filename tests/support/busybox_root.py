"""The root file system of an image that needs no builder: a static busybox under all its names, and a script."""

from __future__ import annotations

import io
import subprocess
import tarfile
from functools import cache
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
ENTRYPOINT = 'ENTRYPOINT ["/bin/sh", "/main.sh"]'
"""The change to be made on import, so that the script becomes PID 1."""


def busybox_root(script: str, content: str = "") -> bytes:
    """Pack a root file system as ``docker import`` takes it.

    Imported images have one layer and no parent. Those of a builder share what lies below their scripts, and the
    engine removes that with one image while another is built upon it.

    Args:
        script: what ``/main.sh`` is.
        content: what ``/content`` is: makes images with the same script different ones.
    """
    buffer = io.BytesIO()
    with tarfile.open(mode="w", fileobj=buffer) as tar:
        _add(tar, "bin/busybox", BUSYBOX.read_bytes(), 0o755)
        _add(tar, "main.sh", script.encode(), 0o755)
        _add(tar, "content", content.encode(), 0o644)
        for applet in _applets():
            member = tarfile.TarInfo(f"bin/{applet}")
            member.type, member.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(member)
    return buffer.getvalue()


@cache
def _applets() -> tuple[str, ...]:
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.split() if name != "busybox")


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))
