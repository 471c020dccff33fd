"""Make pictures and tables for people to look at."""
