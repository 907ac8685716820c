package aoai.engine;

import java.util.HashMap;
import java.util.Map;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.IngestService;
import org.opensearch.ingest.Processor;
import org.opensearch.script.ScriptService;
import org.opensearch.script.TemplateScript;

/** {@code pipeline} with {@code ignore_missing_pipeline}; without it it is the engine's own. */
final class PipelineFactory implements Processor.Factory {
    private static final String TYPE = "pipeline";

    private final Processor.Factory own;
    private final ScriptService scripts;
    private final IngestService pipelines;

    PipelineFactory(Processor.Factory own, ScriptService scripts, IngestService pipelines) {
        this.own = own;
        this.scripts = scripts;
        this.pipelines = pipelines;
    }

    @Override
    public Processor create(
        Map<String, Processor.Factory> registry, String tag, String description, Map<String, Object> options)
        throws Exception {
        boolean ignoreMissing =
            ConfigurationUtils.readBooleanProperty(TYPE, tag, options, "ignore_missing_pipeline", false);
        Map<String, Object> parts = new HashMap<>(options);
        // Takes the options it knows, and says what is wrong.
        Processor engines = own.create(registry, tag, description, options);
        if (!ignoreMissing) {
            return engines;
        }
        TemplateScript.Factory name = ConfigurationUtils.readTemplateProperty(TYPE, tag, parts, "name", scripts);
        return new OptionalPipelineProcessor(tag, description, engines, name, pipelines);
    }
}
