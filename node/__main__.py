"""`python -m node` is the command `bucketline`."""

from node.cli import main

main()
