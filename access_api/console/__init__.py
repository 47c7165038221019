"""The region's console: what its PACS administrators see and ask for. It holds no key."""
