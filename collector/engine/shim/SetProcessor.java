package aoai.engine;

import org.opensearch.ingest.AbstractProcessor;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.script.TemplateScript;

/** Sets a field from a {@link SetSource}, with Elasticsearch's rules for present and for empty values. */
final class SetProcessor extends AbstractProcessor {
    private final TemplateScript.Factory field;
    private final SetSource source;
    private final boolean override;
    private final boolean ignoreEmpty;

    SetProcessor(
        String tag, String description, TemplateScript.Factory field, SetSource source, boolean override,
        boolean ignoreEmpty) {
        super(tag, description);
        this.field = field;
        this.source = source;
        this.override = override;
        this.ignoreEmpty = ignoreEmpty;
    }

    @Override
    public String getType() {
        return "set";
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        String path = document.renderTemplate(field);
        if (override || document.getFieldValue(path, Object.class, true) == null) {
            Object value = source.value(document);
            boolean empty = value == null || "".equals(value);
            if (!(ignoreEmpty && empty)) {
                document.setFieldValue(path, value);
            }
        }
        return document;
    }
}
