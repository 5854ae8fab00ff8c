"""community.json: read whole, checked whole, compared with what is stored, then written or refused as one."""
