"""A seeded simulator: whole nodes in memory, links that break, machines that crash, and disks that go back in time.

One seed decides everything: clocks, keys, topology, what is recorded where, who meets whom, and what goes wrong when.
It drives the real store, log, exchange, envelopes, bundles, projections and queries. One schedule is played again by
`python -m tests.simulator --seed N`.
"""
