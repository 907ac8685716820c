"""Alert rules: their sources, the templates that the package ships, and a runner that executes a template on an engine.

Promises: a template is made from ``dashboards/rules/`` alone; the runner reads templates as they are shipped
(``integration/kibana/alerting_rule_template/``) and asks the engine what Kibana's executors ask, a condition it does
not know is an error (`UnknownRuleError`), never a guess. Does not promise: rule types other than custom threshold and
Elasticsearch query, flapping detection, actions. No Kibana has run these rules; what one does is read from its source.
"""
