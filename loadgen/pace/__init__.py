"""When request i is due, as pure integer arithmetic."""
