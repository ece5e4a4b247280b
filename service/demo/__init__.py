"""A sample, and a desk that works it over HTTP."""

DEFAULT_CONTRACTS, DEFAULT_APPROVALS, DEFAULT_SEED = 4, 240, 7
"""How large a sample is, and which one, unless it is told otherwise."""
DEFAULT_PORT = 8000
"""Where the worked sample is served, unless it is told otherwise."""
