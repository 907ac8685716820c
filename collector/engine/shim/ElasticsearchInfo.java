package aoai.engine;

import java.io.IOException;
import java.util.List;
import org.opensearch.action.main.MainAction;
import org.opensearch.action.main.MainRequest;
import org.opensearch.action.main.MainResponse;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.RestResponse;
import org.opensearch.rest.action.RestBuilderListener;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code GET /} in Elasticsearch's shape.
 *
 * <p>{@code version.number} is the oldest Elasticsearch that the project supports, since that is what the engine
 * stands in for; {@code version.build_flavor} is {@code embedded}, which no Elasticsearch says, and
 * {@code version.build_type} names the real engine.
 */
final class ElasticsearchInfo extends BaseRestHandler {
    private static final String STANDS_IN_FOR = "8.16.0";

    @Override
    public String getName() {
        return "elasticsearch_info_action";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    public boolean canTripCircuitBreaker() {
        return false;
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> client.execute(MainAction.INSTANCE, new MainRequest(), new RestBuilderListener<>(channel) {
            @Override
            public RestResponse buildResponse(MainResponse info, XContentBuilder builder) throws IOException {
                return new BytesRestResponse(RestStatus.OK, describe(info, builder));
            }
        });
    }

    private static XContentBuilder describe(MainResponse info, XContentBuilder builder) throws IOException {
        builder.prettyPrint().lfAtEnd().startObject()
            .field("name", info.getNodeName())
            .field("cluster_name", info.getClusterName().value())
            .field("cluster_uuid", info.getClusterUuid())
            .startObject("version")
            .field("number", STANDS_IN_FOR)
            .field("build_flavor", "embedded")
            .field("build_type", "opensearch-" + info.getVersion())
            .field("build_hash", info.getBuild().hash())
            .field("build_date", info.getBuild().date())
            .field("build_snapshot", false)
            .field("lucene_version", info.getVersion().luceneVersion.toString())
            .endObject();
        return builder.field("tagline", "You Know, for Search").endObject();
    }
}
