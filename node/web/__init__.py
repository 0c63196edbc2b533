"""The pages: rendered on the node, usable on any phone without JavaScript, and quiet about everybody outside."""
