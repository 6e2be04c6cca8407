"""Adapters, one for each host application: the only places that know their application."""
