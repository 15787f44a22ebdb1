"""Where communications are read from: one module or package for each system."""
