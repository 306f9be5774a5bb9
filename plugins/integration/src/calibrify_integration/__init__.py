"""The integration plugin of Calibrify: webhooks, event feed, calendars and connectors."""
