"""Rows that stay where they are: tables that answer with moments, and the units of experiments."""
