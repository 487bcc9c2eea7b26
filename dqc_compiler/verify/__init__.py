"""Verification of node programs against the circuit; imports nothing that helped to write them."""
