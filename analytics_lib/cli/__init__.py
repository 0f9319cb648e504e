"""The command ``analytics``: parse, call, print."""
