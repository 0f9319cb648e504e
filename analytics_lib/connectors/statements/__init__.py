"""What people write: one SELECT, its bound values, and whether its answer can change by itself."""
