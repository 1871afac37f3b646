"""Documents for programs: their next commands carry the flags that say which daemon is meant, to work as they stand."""

from __future__ import annotations

from releasectl.rpc_errors import from_messages
from releasectl.settings import Settings
from releasectl.views.machine import Document, document
from releasectl.views.reporting import next_documents
from releasepb.v1 import releases_pb2 as pb


def addressed_document(told: pb.Release | pb.Diagnosis | pb.End, settings: Settings) -> Document:
    """Give where a release stands, what is the matter with it, or how it came out."""
    shown = {**document(told), "next": next_documents(from_messages(told.next), settings)}
    if isinstance(told, pb.End) and told.HasField("diagnosis"):
        shown["diagnosis"] = addressed_document(told.diagnosis, settings)
    return shown
