"""CSV files of time trackers, read as events by a map: which column is which field."""
