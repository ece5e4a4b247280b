"""What commands take on the command line."""
