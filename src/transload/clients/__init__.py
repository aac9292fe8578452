"""Clients of services, shared by sources, destinations and the bot."""
