"""What of Elasticsearch the embedded engine does not take, stripped in this one place."""
