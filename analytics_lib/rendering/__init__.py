"""Notebook and parameters in; executed notebook and page out."""
