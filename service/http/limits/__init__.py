"""What a caller may cost: calls a second, time a call, bytes that a compressed body unfolds to."""
