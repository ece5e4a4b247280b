"""Requests as operators see them: a line in the log, figures at /metrics."""
