"""Holds what a record says was done against what is on the disk, without any code of the daemon's but for backups."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

from released.adapters.backups import sets
from released.domain.errors import ReleasedError
from support.stack import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack


def missing(stack: Stack, ticket: str) -> list[str]:
    """List what the steps on record as succeeded did and what is not there; no daemon runs."""
    done = _succeeded(stack, ticket)
    results = [one["result"] for one in done if one["result"]]
    return [
        *_missing_outputs(stack, done),
        *_missing_backups(stack, results),
        *_missing_in_checkout(stack, [one["head"] for one in results if one["type"] == "checkout_moved"]),
    ]


def _succeeded(stack: Stack, ticket: str) -> list[dict[str, Any]]:
    database = f"file:{stack.state_dir / 'released.db'}?mode=ro"
    query = "SELECT payload FROM events WHERE stream = ? AND type = 'step_succeeded' ORDER BY version"
    with closing(sqlite3.connect(database, uri=True)) as store:
        return [json.loads(payload) for (payload,) in store.execute(query, (f"release/{ENVIRONMENT}/{ticket}",))]


def _missing_outputs(stack: Stack, done: list[dict[str, Any]]) -> Iterator[str]:
    for output in [one["output"] for one in done if one["output"]]:
        file = stack.state_dir / output["path"]
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != output["sha256"]:
            yield f"{output['path']} is not what was printed"


def _missing_backups(stack: Stack, results: list[dict[str, Any]]) -> Iterator[str]:
    for saved in [one for one in results if one["type"] == "backed_up"]:
        folder = sets.set_directory(stack.state_dir, ENVIRONMENT, saved["service"], saved["stamp"])
        try:
            sets.verify(folder)
        except ReleasedError as error:
            yield f"backup {saved['stamp']}: {error}"


def _missing_in_checkout(stack: Stack, heads: list[str]) -> Iterator[str]:
    """Look at objects, HEAD and work tree, once the checkout was moved."""
    if not heads:
        return
    for question, expected in (
        (("fsck", "--full", "--no-dangling", "--no-progress"), ""),
        (("merge-base", "--is-ancestor", heads[-1], "HEAD"), ""),  # what is not on record yet may be on top
        (("status", "--porcelain"), ""),
    ):
        # Else git status writes a new index, and flushes it not: the next cut would take it.
        command = ["git", "--no-optional-locks", "-C", str(stack.ops.checkout), *question]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if told.returncode != 0 or told.stdout.strip() != expected:
            yield f"git {' '.join(question)}: {told.stdout}{told.stderr}"
