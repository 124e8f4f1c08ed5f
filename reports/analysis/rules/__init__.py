"""Recording and alerting rules from thresholds and a metric profile: pure text building, no input or output."""
