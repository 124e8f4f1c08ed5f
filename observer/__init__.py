"""Watch a service's own metrics: scrape, derive, write CSV v3."""
