"""Keep what a run left: archives, backups, documents that grow."""
