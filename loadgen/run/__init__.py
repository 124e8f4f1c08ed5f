"""The supervisor: starts children, merges what they say, owns the end of a run."""
