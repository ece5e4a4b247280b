"""Who may call: the keys of a tenant."""
