"""Dashboards as a page and as pictures, drawn from live data without Kibana.

Promises: what is drawn is what the panel runner (`collector.assets.panels`) found for each panel, and nothing else;
the page is one file that asks the network for nothing, reads in light and dark and by keyboard, and has for each panel
its title, the question it answers, units and its figures as a table; pictures need no browser. Texts from data are
never read as HTML or as code.

Does not promise Kibana's looks, nor its controls: a page shows one time range, as it was when it was drawn. Needs the
extra `preview` (`altair`, `vl-convert-python`).
"""
