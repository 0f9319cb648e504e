"""Versions kept aside, and the site that shows the current ones."""
