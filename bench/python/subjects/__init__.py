"""The SDKs: each module has one or more subclasses of `Subject`, each with its name in the harness."""
