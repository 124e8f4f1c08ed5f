"""The one place that reads run directories."""
