"""Published tables: read, matched with members, merged."""
