"""Benchmarks: they print what they measure and judge nothing."""
