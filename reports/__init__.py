"""Turn a run directory into decisions."""
