"""One file per verb of `loadgen report`: load, assess, render, write, exit code."""
