"""What the kit is called by those who do not draw: reading the kit itself imports torch."""

NAMES = ("randn", "uniform", "whole", "randint", "gradients", "written")
"""The names of the kit that probe code may use without importing them."""

GRADIENT = "gradient of "
"""What the names of the parts that `gradients` returns begin with."""
