package aoai.engine;

import java.util.Map;
import java.util.Set;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.Processor;

/**
 * {@code grok} that accepts {@code ecs_compatibility}.
 *
 * <p>The engine has the older patterns only. {@code v1} therefore changes nothing here: a pipeline that names its own
 * captures gives the same document, one that relies on the names inside a built-in pattern does not.
 */
final class GrokFactory implements Processor.Factory {
    private static final Set<String> MODES = Set.of("disabled", "v1");

    private final Processor.Factory own;

    GrokFactory(Processor.Factory own) {
        this.own = own;
    }

    @Override
    public Processor create(
        Map<String, Processor.Factory> registry, String tag, String description, Map<String, Object> options)
        throws Exception {
        String mode = ConfigurationUtils.readStringProperty("grok", tag, options, "ecs_compatibility", "disabled");
        if (!MODES.contains(mode)) {
            throw ConfigurationUtils.newConfigurationException(
                "grok", tag, "ecs_compatibility", "unsupported mode '" + mode + "'");
        }
        return own.create(registry, tag, description, options);
    }
}
