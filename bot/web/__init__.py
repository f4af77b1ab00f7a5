"""The web: webhooks, health and metrics, the staff pages and, in the demo, the simulator."""
