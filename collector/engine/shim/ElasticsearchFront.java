package aoai.engine;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.index.mapper.FlatObjectFieldMapper;
import org.opensearch.index.mapper.Mapper;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.MapperPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.action.RestMainAction;

/** What a client of Elasticsearch expects at the front: its REST manners and its name for a field type. */
public final class ElasticsearchFront extends Plugin implements ActionPlugin, MapperPlugin {
    /** {@code flattened} is called {@code flat_object} here. */
    @Override
    public Map<String, Mapper.TypeParser> getMappers() {
        return Map.of("flattened", FlatObjectFieldMapper.PARSER);
    }

    @Override
    public UnaryOperator<RestHandler> getRestHandlerWrapper(ThreadContext context) {
        return handler -> new ElasticsearchManners(
            handler instanceof RestMainAction ? new ElasticsearchInfo() : handler, context);
    }
}
