"""Secrets that a person types into a reason or a remark, hidden before anything is decided or recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

_FREE_TEXT = ("reason", "text")


def masked(request: M, mask: Callable[[str], str]) -> M:
    """Copy a request, the free text in it masked by value (spec: interface, Configuration)."""
    copied = type(request)()
    copied.CopyFrom(request)
    for name in _FREE_TEXT:
        if name in request.DESCRIPTOR.fields_by_name:
            setattr(copied, name, mask(getattr(request, name)))
    return copied
