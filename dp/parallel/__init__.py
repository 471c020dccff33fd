"""Do many jobs at a time: jobs and their outcomes, what does them (processes, Dask clusters), and how far they are."""
