"""The phases and the states of a release, as the wire names them (spec: The state machine)."""

PHASES = ("prepare", "migrate", "ticket", "verify")
REVERT = "revert"
STATES = ("requested", *PHASES, "released", "halted", "nothing_to_do", "abandoned", "reverting", "reverted")
