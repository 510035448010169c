"""The repository's own habits: its workflows, forms and hooks."""
