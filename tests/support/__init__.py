"""What several test folders share: a small published workspace, and the command run in it."""
