"""Files of CloudEvents, taken in by one process or by several."""

MOST_PROCESSES = 4
"""More only wait for each other: the database takes in one batch at a time."""
