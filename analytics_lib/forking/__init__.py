"""Processes forked from parents that have imported everything already: what took seconds takes milliseconds.

`parent` imports and forks, `keeper` watches over one child, `child` makes the fork a process of its own, `client` asks
for one. Which modules are imported and what a child does is the caller's: see `analytics_lib.kernels` and
`analytics_lib.cli.resident`. Linux only; callers elsewhere start their processes as ever.
"""
