"""The services of the API and their methods, as their descriptions list them: what holds for all is held to this."""

from __future__ import annotations

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from releasepb.v1 import history_pb2, releases_pb2

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service for file in (releases_pb2, history_pb2) for service in file.DESCRIPTOR.services_by_name.values()
)
METHODS: tuple[MethodDescriptor, ...] = tuple(method for service in SERVICES for method in service.methods)
