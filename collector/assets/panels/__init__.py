"""Executes the panels of a compiled dashboard on an engine, as Kibana would.

Promises: reads the saved objects that the package ships (`integration/kibana/`) and nothing else; a feature that it
does not know is an error (`UnknownPanelFeatureError`), never a guess; the answer is a plain table that anybody can
draw. Does not promise: to draw, or to execute every dashboard there is. It knows what our dashboards use.
"""
