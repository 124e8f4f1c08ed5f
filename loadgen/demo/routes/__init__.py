"""The routes of the demo service, one module a subject; each gives its table to `app`."""
