"""The body wing: how somebody moves."""
