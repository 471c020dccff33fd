"""This room makes pictures and tables for people to look at."""
