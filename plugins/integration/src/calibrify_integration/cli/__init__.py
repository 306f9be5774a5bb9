"""Commands that the integration plugin adds."""
