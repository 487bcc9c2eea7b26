"""Distributed quantum compiler: one circuit in, one verified program per node out."""
