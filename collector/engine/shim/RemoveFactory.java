package aoai.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.Processor;
import org.opensearch.script.ScriptService;
import org.opensearch.script.TemplateScript;

/** {@code remove} with {@code keep}; without it, the engine's own. */
final class RemoveFactory implements Processor.Factory {
    private static final String TYPE = "remove";

    private final Processor.Factory own;
    private final ScriptService scripts;

    RemoveFactory(Processor.Factory own, ScriptService scripts) {
        this.own = own;
        this.scripts = scripts;
    }

    @Override
    public Processor create(
        Map<String, Processor.Factory> registry, String tag, String description, Map<String, Object> options)
        throws Exception {
        Object keep = options.remove("keep");
        if (keep == null) {
            return own.create(registry, tag, description, options);
        }
        if (options.containsKey("field")) {
            throw ConfigurationUtils.newConfigurationException(
                TYPE, tag, "keep", "cannot set both `field` and `keep` in the same processor");
        }
        // Only fields that are there are ever removed, so the option has nothing to say here.
        ConfigurationUtils.readBooleanProperty(TYPE, tag, options, "ignore_missing", false);
        List<TemplateScript.Factory> kept = new ArrayList<>();
        for (Object path : keep instanceof List<?> paths ? paths : List.of(keep)) {
            kept.add(ConfigurationUtils.compileTemplate(TYPE, tag, "keep", path.toString(), scripts));
        }
        return new KeepProcessor(tag, description, kept);
    }
}
