package aoai.engine;

import java.util.Map;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.Processor;
import org.opensearch.script.ScriptService;
import org.opensearch.script.TemplateScript;

/** {@code set} with {@code copy_from} and {@code media_type}; without them it is the engine's own. */
final class SetFactory implements Processor.Factory {
    private static final String TYPE = "set";

    private final Processor.Factory own;
    private final ScriptService scripts;

    SetFactory(Processor.Factory own, ScriptService scripts) {
        this.own = own;
        this.scripts = scripts;
    }

    @Override
    public Processor create(
        Map<String, Processor.Factory> registry, String tag, String description, Map<String, Object> options)
        throws Exception {
        String mediaType = ConfigurationUtils.readOptionalStringProperty(TYPE, tag, options, "media_type");
        String origin = ConfigurationUtils.readOptionalStringProperty(TYPE, tag, options, "copy_from");
        boolean plainTemplate = mediaType != null && options.get("value") instanceof String;
        if (origin == null && !plainTemplate) {
            return own.create(registry, tag, description, options);
        }
        if (origin != null && options.remove("value") != null) {
            throw ConfigurationUtils.newConfigurationException(
                TYPE, tag, "copy_from", "cannot set both `copy_from` and `value` in the same processor");
        }
        TemplateScript.Factory field =
            ConfigurationUtils.readTemplateProperty(TYPE, tag, options, "field", scripts);
        boolean override = ConfigurationUtils.readBooleanProperty(TYPE, tag, options, "override", true);
        boolean ignoreEmpty = ConfigurationUtils.readBooleanProperty(TYPE, tag, options, "ignore_empty_value", false);
        SetSource source = origin != null
            ? SetSource.field(origin, ignoreEmpty)
            : SetSource.template(options.remove("value").toString(), mediaType, scripts);
        return new SetProcessor(tag, description, field, source, override, ignoreEmpty);
    }
}
