"""What is left of the rules when an attacker writes the same command otherwise."""
