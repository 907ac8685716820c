package aoai.engine;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.ingest.AbstractProcessor;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.script.TemplateScript;

/** Removes every field but the named ones, their parents and their children; metadata always stays. */
final class KeepProcessor extends AbstractProcessor {
    private final List<TemplateScript.Factory> kept;

    KeepProcessor(String tag, String description, List<TemplateScript.Factory> kept) {
        super(tag, description);
        this.kept = kept;
    }

    @Override
    public String getType() {
        return "remove";
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        Set<String> paths = new HashSet<>();
        kept.forEach(path -> paths.add(document.renderTemplate(path)));
        for (IngestDocument.Metadata metadata : IngestDocument.Metadata.values()) {
            paths.add(metadata.getFieldName());
        }
        prune(document.getSourceAndMetadata(), "", paths);
        return document;
    }

    private static void prune(Map<String, Object> fields, String parent, Set<String> paths) {
        fields.entrySet().removeIf(field -> {
            String path = parent + field.getKey();
            if (paths.contains(path)) {
                return false;
            }
            if (paths.stream().noneMatch(other -> other.startsWith(path + "."))) {
                return true;
            }
            if (field.getValue() instanceof Map<?, ?> children) {
                @SuppressWarnings("unchecked")
                Map<String, Object> inner = (Map<String, Object>) children;
                prune(inner, path + ".", paths);
            }
            return false;
        });
    }
}
