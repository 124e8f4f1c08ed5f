"""Put an exact load on an HTTP service, watch its metrics, and judge what was seen."""
