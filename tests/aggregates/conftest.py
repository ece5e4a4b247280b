"""Hypothesis searches the same examples in every run: a red test is red for everybody."""

from hypothesis import settings

settings.register_profile("aggregates", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("aggregates")
