"""The version of this daemon."""

VERSION = "0.1.0"
