package aoai.engine;

import java.util.List;
import org.opensearch.Version;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;

/**
 * The plugins of the engine, under their real names.
 *
 * <p>Painless finds the methods that other modules add to scripts through {@code extendedPlugins}, hence the names.
 */
final class EnginePlugins {
    private static final String PAINLESS = "lang-painless";

    private EnginePlugins() {}

    static List<PluginInfo> all() {
        return List.of(
            plugin("transport-netty4", "org.opensearch.transport.Netty4ModulePlugin"),
            plugin(PAINLESS, "org.opensearch.painless.PainlessModulePlugin"),
            plugin("lang-mustache", "org.opensearch.script.mustache.MustacheModulePlugin"),
            plugin("ingest-common", name(ElasticsearchIngest.class), PAINLESS),
            plugin("ingest-user-agent", "org.opensearch.ingest.useragent.IngestUserAgentModulePlugin"),
            plugin("analysis-common", name(AnalysisWithoutThai.class), PAINLESS),
            plugin("mapper-extras", "org.opensearch.index.mapper.MapperExtrasModulePlugin"),
            plugin("reindex", "org.opensearch.index.reindex.ReindexModulePlugin"),
            plugin("parent-join", "org.opensearch.join.ParentJoinModulePlugin"),
            plugin("aggs-matrix-stats", "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin"),
            plugin("elasticsearch-front", name(ElasticsearchFront.class)));
    }

    private static String name(Class<? extends Plugin> plugin) {
        return plugin.getName();
    }

    private static PluginInfo plugin(String name, String className, String... extended) {
        return new PluginInfo(name, name, "NA", Version.CURRENT, "21", className, null, List.of(extended), false);
    }
}
