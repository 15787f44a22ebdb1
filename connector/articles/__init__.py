"""Knowledge articles: read from a folder, merged, checked, planned, published and kept true."""
