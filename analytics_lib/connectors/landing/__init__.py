"""A load into the warehouse: staged, settled, switched in one transaction."""
