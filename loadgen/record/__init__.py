"""What happened: per-request integers folded into histograms and intervals."""
