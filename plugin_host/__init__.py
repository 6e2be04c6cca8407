"""What lives inside host applications: standard library only, Python 3.7 and later."""
