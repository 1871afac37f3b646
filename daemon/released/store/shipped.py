"""Where files that ship beside the code lie: inside the installed package, or at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

import released


def shipped(name: str) -> Path:
    """Find a shipped folder by its name, for instance ``migrations``.

    Raises:
        FileNotFoundError: the installation is not whole.
    """
    package = Path(released.__file__).parent
    for candidate in (package / "_shipped" / name, package.parent.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name} is neither in {package / '_shipped'} nor in {package.parent.parent}")
