"""Who may call, and for what: scopes, and what a token says of its bearer."""
