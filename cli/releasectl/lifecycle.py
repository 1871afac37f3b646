"""The phases and the states of a release, as the wire names them (spec: The state machine)."""

PHASES = ("prepare", "migrate", "ticket", "verify")
REVERT = "revert"
STATES = ("requested", *PHASES, "released", "halted", "nothing_to_do", "abandoned", "reverting", "reverted")
RUNNING = ("requested", *PHASES, "reverting")
HALTED = ("halted",)
REVERTIBLE = ("released", "halted", "abandoned", "reverted")
"""What can be taken back: a release, whole or in part, and a revert."""
