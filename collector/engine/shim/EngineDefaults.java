package aoai.engine;

import org.opensearch.common.settings.Settings;

/** The settings of a small engine on one machine that may be thrown away at any time. */
final class EngineDefaults {
    private EngineDefaults() {}

    static Settings.Builder settings() {
        return Settings.builder()
            .put("node.name", "engine")
            .put("cluster.name", "aoai-engine")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", "0")
            .put("transport.port", "0")
            .put("http.type", "netty4")
            .put("transport.type", "netty4")
            // A laptop's disk is often over 95 % full: the watermarks would make every index read-only.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            // vm.max_map_count is low on a machine that nobody prepared.
            .put("node.store.allow_mmap", false)
            // Installing all pipelines compiles more scripts in a minute than a server expects.
            .put("script.max_compilations_rate", "10000/1m")
            // The short cut for date histograms is wrong for a part of an index: sub-aggregations come out as 0, or an
            // error does (OpenSearch issues 22342 and 22468).
            .put("search.max_aggregation_rewrite_filters", 0)
            // Tests make many small data streams on this one node.
            .put("cluster.max_shards_per_node", 5000);
    }
}
