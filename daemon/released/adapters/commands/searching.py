"""Searches text for a pattern that somebody else wrote.

A regular expression may take for ever, cannot be interrupted, and has the interpreter to itself meanwhile: so it is
tried in a process that can be ended.
"""

from __future__ import annotations

import json
import subprocess
import sys

TIMEOUT_S = 5.0
_PROGRAM = """
import json, re, sys
pattern, text = json.load(sys.stdin)
sys.exit(0 if re.search(pattern, text, re.MULTILINE) else 1)
"""


def search(pattern: str, text: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Tell whether a pattern is found; one that is none is found nowhere.

    Raises:
        TimeoutError: it took too long.
    """
    argv, asked = [sys.executable, "-I", "-c", _PROGRAM], json.dumps((pattern, text))
    try:
        searched = subprocess.run(
            argv, input=asked, env={}, stderr=subprocess.DEVNULL, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"the pattern was still looked for after {timeout_s:g} s") from None
    return searched.returncode == 0
