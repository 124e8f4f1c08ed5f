"""Dashboards from thresholds, a metric profile and the recording rules: pure text building, no input or output."""
