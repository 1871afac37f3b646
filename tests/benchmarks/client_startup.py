"""The whole process of ``releasectl status``, against a bare grpcio client that makes the same call.

Usage: python tests/benchmarks/client_startup.py [PAIRS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.bare_environment import BareEnvironment
from support.measure import report, seconds

BARE_CLIENT = """
import sys, grpc
with grpc.insecure_channel(sys.argv[1]) as channel:
    channel.unary_unary("/released.v1.Environments/GetEnvironment")(b"")
"""


def main() -> None:
    """Print both times and their ratio."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder, BareEnvironment(Path(folder)) as environment:
        command = [sys.executable, "-c", BARE_CLIENT, environment.address]
        ours, theirs = [], []
        for _ in range(pairs + 1):
            ours.append(seconds(lambda: environment.client("status")))
            theirs.append(seconds(lambda: subprocess.run(command, check=True)))
    sys.stdout.write(report("releasectl status", ours[1:], "bare grpcio client", theirs[1:]))


if __name__ == "__main__":
    main()
