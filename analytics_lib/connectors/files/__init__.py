"""Files as connections: rows in CSV, Parquet, JSON lines and Excel, and the fingerprints of files."""
