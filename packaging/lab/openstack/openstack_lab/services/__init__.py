"""One module for each service: its configuration files, the commands that make its tables, its daemons. Nothing is done here."""
