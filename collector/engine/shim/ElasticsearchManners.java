package aoai.engine;

import java.util.List;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.transport.client.node.NodeClient;

/**
 * Answers with the headers that tell who answered, and accepts Elasticsearch's own bulk parameters.
 *
 * <p>Official clients refuse a server without {@code X-Elastic-Product}. {@code X-AOAI-Engine} says the truth to
 * whoever asks. The accepted parameters have no effect.
 */
final class ElasticsearchManners extends RestHandler.Wrapper {
    private static final List<String> BULK_PARAMETERS =
        List.of("require_data_stream", "list_executed_pipelines", "include_source_on_error");

    private final ThreadContext context;

    ElasticsearchManners(RestHandler handler, ThreadContext context) {
        super(handler);
        this.context = context;
    }

    @Override
    public void handleRequest(RestRequest request, RestChannel channel, NodeClient client) throws Exception {
        context.addResponseHeader("X-Elastic-Product", "Elasticsearch");
        context.addResponseHeader("X-AOAI-Engine", "embedded");
        if (request.path().endsWith("/_bulk")) {
            // Reading a parameter marks it as known; an unread one would be refused with 400.
            BULK_PARAMETERS.forEach(request::param);
        }
        super.handleRequest(request, channel, client);
    }
}
