"""Replication: a signed, append-only log that copies itself between nodes. It knows nothing of stock."""
