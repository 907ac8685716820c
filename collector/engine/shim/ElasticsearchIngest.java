package aoai.engine;

import java.util.HashMap;
import java.util.Map;
import org.opensearch.ingest.Processor;
import org.opensearch.ingest.common.IngestCommonModulePlugin;

/** The common processors with the options that Elasticsearch's have and the engine's lack. */
public final class ElasticsearchIngest extends IngestCommonModulePlugin {
    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        Map<String, Processor.Factory> processors = new HashMap<>(super.getProcessors(parameters));
        processors.computeIfPresent("set", (name, own) -> new SetFactory(own, parameters.scriptService));
        processors.computeIfPresent("remove", (name, own) -> new RemoveFactory(own, parameters.scriptService));
        processors.computeIfPresent("grok", (name, own) -> new GrokFactory(own));
        processors.computeIfPresent("script", (name, own) -> new ScriptFactory(own, parameters.scriptService));
        processors.computeIfPresent(
            "pipeline", (name, own) -> new PipelineFactory(own, parameters.scriptService, parameters.ingestService));
        return processors;
    }
}
