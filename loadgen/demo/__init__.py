"""The demo service and the null server, each a process of its own."""
