"""Plugins that all folders of tests share."""

pytest_plugins = ["plugins.azurite", "plugins.engine"]
