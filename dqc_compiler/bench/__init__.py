"""Regression benchmarks: what the circuits of a suite cost, held against a baseline.

A run reads a suite (`suite`), measures its rows (`running`), compares them with a baseline
(`compare`) and shows what came out (`table`, `junit`, `markdown`).
"""
