"""``make score``: what the pack finds of recorded attacks, and what it says of recorded ordinary work."""
