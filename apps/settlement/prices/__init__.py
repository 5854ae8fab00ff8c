"""Zonal day-ahead prices: read from files, stored as published, asked for by the hour."""
