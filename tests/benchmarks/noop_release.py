"""A release of twenty steps that do nothing, against the same twenty steps in plain bash.

Usage: python tests/benchmarks/noop_release.py [PAIRS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.bare_environment import BareEnvironment
from support.measure import report, seconds

STEPS = 20
NOTHING = "#!/bin/bash\nexec /bin/true\n"
LOOP = 'set -e; for script in "$0"/releases/"$1"-*.sh; do bash "$script" --yes; done'


def main() -> None:
    """Print both times and their ratio; the release is the whole command, from its start to its exit."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    released, plain = [], []
    with tempfile.TemporaryDirectory() as folder, BareEnvironment(Path(folder)) as environment:
        for ticket in map(str, range(pairs + 1)):
            environment.ops.commit({f"releases/{ticket}-{step:02}.sh": NOTHING for step in range(STEPS)}, "Next")
            released.append(seconds(partial(release, environment, ticket)))
            plain.append(seconds(partial(bash, environment.ops.checkout, ticket)))
    sys.stdout.write(report(f"release of {STEPS} no-op scripts", released[1:], "the same in bash", plain[1:]))


def release(environment: BareEnvironment, ticket: str) -> None:
    """Release the ticket."""
    finished = environment.client("run", ticket, "-q")
    assert finished.returncode == 0, finished.stderr


def bash(checkout: Path, ticket: str) -> None:
    """Run the ticket's scripts."""
    subprocess.run(["/bin/bash", "-c", LOOP, checkout, ticket], check=True)


if __name__ == "__main__":
    main()
