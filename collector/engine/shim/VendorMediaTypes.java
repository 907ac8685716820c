package aoai.engine;

import java.util.List;
import java.util.Map;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.xcontent.MediaType;
import org.opensearch.core.xcontent.spi.MediaTypeProvider;

/** Lets requests carry the media types of Elasticsearch's 8.x and 9.x clients; found by {@code ServiceLoader}. */
public final class VendorMediaTypes implements MediaTypeProvider {
    @Override
    public List<MediaType> getMediaTypes() {
        return List.of();
    }

    @Override
    public Map<String, MediaType> getAdditionalMediaTypes() {
        return Map.of(
            "application/vnd.elasticsearch+json", XContentType.JSON,
            "application/vnd.elasticsearch+x-ndjson", XContentType.JSON,
            "application/vnd.elasticsearch+cbor", XContentType.CBOR,
            "application/vnd.elasticsearch+smile", XContentType.SMILE);
    }
}
