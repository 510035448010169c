"""Two revisions of a pack side by side: what a change does in production, and what of it a person has to look at.

``revisions`` copies a side's files into a folder of its own, ``pack`` loads what is in there.
"""
