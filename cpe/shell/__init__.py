"""The controller's store, infrastructures and HTTP API."""
