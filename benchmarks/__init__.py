"""Measurements of this product: `python -m benchmarks NAME`; results stay as JSON in `results/`."""
