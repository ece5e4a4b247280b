"""A sample, and a desk that works it over HTTP."""

DEFAULT_CONTRACTS, DEFAULT_APPROVALS, DEFAULT_SEED = 4, 240, 7
"""How large a sample is, and which one, unless it is told otherwise."""
