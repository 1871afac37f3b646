"""Which images a Dockerfile starts from."""

from __future__ import annotations

import re

_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
"""A line; white space of the whole file would be tried from each of its lines on."""
_EMPTY = "scratch"


def base_images(text: str) -> tuple[str, ...]:
    """List the images that are named after ``FROM``, in their order.

    Left out are the file's own stages, what is empty, and names with a variable in them, which only a build resolves.
    """
    found: dict[str, None] = {}
    stages = {_EMPTY}
    for line in filter(None, map(_FROM.fullmatch, text.splitlines())):
        image, stage = line.groups("")
        if image.lower() not in stages and "$" not in image:
            found[image] = None
        stages.add(stage.lower())
    return tuple(found)
