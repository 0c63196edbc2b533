"""The HTTP API: one table of endpoints, strict bodies, pages of rows, and records that may be sent twice."""
