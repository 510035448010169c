"""Reviews of example changes."""
