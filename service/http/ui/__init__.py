"""The web interface as it is served: its files, its pages, and who is signed in."""
