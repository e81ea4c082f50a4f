"""The SDKs: each module has one or more subclasses of `Subject`, each with the name that the harness knows."""
