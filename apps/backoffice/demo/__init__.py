"""The demonstration: a believable community, settled through the same doors that real people use."""
