"""What tenants are called."""

DEFAULT = "default"
"""The tenant of whoever names none."""
