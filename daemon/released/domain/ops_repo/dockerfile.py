"""Which images a Dockerfile starts from."""

from __future__ import annotations

import re

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
_EMPTY = "scratch"


def base_images(text: str) -> tuple[str, ...]:
    """List the images that are named after ``FROM``, in their order.

    Left out are the file's own stages, what is empty, and names with a variable in them, which only a build resolves.
    """
    found: dict[str, None] = {}
    stages = {_EMPTY}
    for image, stage in _FROM.findall(text):
        if image.lower() not in stages and "$" not in image:
            found[image] = None
        stages.add(stage.lower())
    return tuple(found)
