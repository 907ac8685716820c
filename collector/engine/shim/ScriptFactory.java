package aoai.engine;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.ingest.Processor;
import org.opensearch.script.IngestScript;
import org.opensearch.script.Script;
import org.opensearch.script.ScriptService;

/** {@code script} run as Elasticsearch runs it, see {@link ScriptProcessor}; a stored script is run by the engine's. */
final class ScriptFactory implements Processor.Factory {
    private static final List<String> PARTS = List.of("source", "lang", "params", "options");

    private final Processor.Factory own;
    private final ScriptService scripts;

    ScriptFactory(Processor.Factory own, ScriptService scripts) {
        this.own = own;
        this.scripts = scripts;
    }

    @Override
    public Processor create(
        Map<String, Processor.Factory> registry, String tag, String description, Map<String, Object> options)
        throws Exception {
        Map<String, Object> parts = new HashMap<>(options);
        parts.keySet().retainAll(PARTS);
        // Takes the options it knows, compiles, and says what is wrong.
        Processor engines = own.create(registry, tag, description, options);
        if (!(parts.get("source") instanceof String)) {
            return engines;
        }
        Script script = Script.parse(parts);
        IngestScript compiled = scripts.compile(script, IngestScript.CONTEXT).newInstance(script.getParams());
        return new ScriptProcessor(tag, description, compiled);
    }
}
