"""Answers: rows as Arrow and as frames, shared between kernels, watched by the recorder."""
