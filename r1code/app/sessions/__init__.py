"""What people may do with their sessions: list, search, look at, rename, fork and delete them."""
