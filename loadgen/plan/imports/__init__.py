"""Plan files from what others recorded or described: curl commands, HAR files, OpenAPI documents."""
