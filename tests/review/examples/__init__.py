"""Example changes to a small pack, each a git history, and the report that a reviewer reads of it."""
