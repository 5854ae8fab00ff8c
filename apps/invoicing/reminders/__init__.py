"""What somebody has to do by when: found by looking at what should exist, closed when it does."""
