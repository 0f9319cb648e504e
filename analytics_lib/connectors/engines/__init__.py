"""Database engines: how each is opened, what it needs, and what it says when something goes wrong."""
