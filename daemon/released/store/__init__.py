"""The durable record: events, leases, projections and step output."""
