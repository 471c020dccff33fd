"""The work of the stages: one recording at a time, the datasets they publish, and bringing a project up to date."""
