package aoai.engine;

import java.util.Collection;
import java.util.Map;
import org.opensearch.ingest.AbstractProcessor;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.script.IngestScript;

/**
 * Runs a script on the document itself, as Elasticsearch does: what it changed before it failed stays changed.
 *
 * <p>The engine's own works on a deep copy, which takes longer than most scripts.
 */
final class ScriptProcessor extends AbstractProcessor {
    /** Far deeper than JSON may be nested. */
    private static final int DEEPEST = 2000;

    private final IngestScript script;

    ScriptProcessor(String tag, String description, IngestScript script) {
        super(tag, description);
        this.script = script;
    }

    @Override
    public String getType() {
        return "script";
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        Map<String, Object> fields = document.getSourceAndMetadata();
        script.execute(fields);
        refuseCycles(fields, 0);
        return document;
    }

    /** A document that holds itself could never be written. */
    private static void refuseCycles(Object value, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("Iterable object is self-referencing itself (ingest script)");
        }
        if (value instanceof Map<?, ?> map) {
            for (Object inner : map.values()) {
                refuseCycles(inner, depth + 1);
            }
        } else if (value instanceof Collection<?> items) {
            for (Object inner : items) {
                refuseCycles(inner, depth + 1);
            }
        }
    }
}
