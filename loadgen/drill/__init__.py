"""Incident simulations and synthetic alert signals."""
