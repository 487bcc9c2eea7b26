"""Files in and out: circuits, networks, programs and bundles."""
