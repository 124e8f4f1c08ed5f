"""How a request travels: endpoints, bytes, the HTTP/1.1 protocol, connections, slots."""
