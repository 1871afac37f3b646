"""A Debian 12 with its own kernel, systemd, Docker and git for the guest: bootstrapped once, and kept."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

_SUITE = "bookworm"
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod"),
    *("linux-image-cloud-amd64", "initramfs-tools", "zstd"),
    *("python3", "python3-venv", "git", "docker.io", "docker-compose", "iptables", "bubblewrap"),
    "qemu-guest-agent",
)
_NOT_WANTED = (
    *(
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "dpkg-db-backup.timer",
        "e2scrub_all.timer",
        "e2scrub_reap.service",
    ),
    *("systemd-logind.service", "getty@tty1.service", "serial-getty@ttyS0.service"),
)
"""Nobody logs in, and an emulated processor has enough to do."""
_FILES = {
    "etc/fstab": "/dev/vda / ext4 defaults 0 0\n",
    "etc/hostname": "guest\n",
    "etc/machine-id": "",  # of its own in each guest, made at the first boot
}


def debian(cache: Path) -> Path:
    """Give the root folder of the system, which nobody may change.

    Args:
        cache: where it is kept for the next time.

    Raises:
        AssertionError: the bootstrap failed; the message holds its complaint.
    """
    recipe = repr((_SUITE, _PACKAGES, _NOT_WANTED, _FILES))
    kept = cache / f"debian-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:  # whoever comes second finds it made
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make(kept)
    return kept


def _make(kept: Path) -> None:
    with TemporaryDirectory(dir=kept.parent) as folder:
        root = Path(folder) / "root"
        _bootstrap(root)
        root.rename(kept)


def _bootstrap(root: Path) -> None:
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(_PACKAGES)}", _SUITE, str(root)]
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    for path, text in _FILES.items():
        (root / path).write_text(text, encoding="utf-8")
    for unit in _NOT_WANTED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
