"""The example: public data as a warehouse, for the reports that ship with the library."""
