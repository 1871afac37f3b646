"""Diagnosis: from what is on record of a failure to its cause, what is certain, and the exact next commands; pure."""
