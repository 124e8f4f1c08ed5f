"""The shared kernel: modules that at least two packages need."""
