"""Judge a run: pure functions from the model to assessments, no file, clock or environment."""
