"""What the service does in a second, each figure next to what the hardware allows in the same run.

`python -m benchmarks` runs them all, on PostgreSQL and on SQLite; the modules say what each
measures, against what, and why that is its limit. They use the service through its public faces
alone, so that they mean the same while its inside changes.
"""
