package aoai.engine;

import java.util.Map;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.script.Script;
import org.opensearch.script.ScriptService;
import org.opensearch.script.ScriptType;
import org.opensearch.script.TemplateScript;

/** Where {@code set} takes its value from. */
@FunctionalInterface
interface SetSource {
    /** The value for this document; never shared with another field of it. */
    Object value(IngestDocument document);

    /** Another field; a missing one fails unless {@code ignoreMissing}. */
    static SetSource field(String path, boolean ignoreMissing) {
        return document -> IngestDocument.deepCopy(document.getFieldValue(path, Object.class, ignoreMissing));
    }

    /** A template whose variables are escaped as {@code mediaType} asks. */
    static SetSource template(String template, String mediaType, ScriptService scripts) {
        TemplateScript.Factory compiled = scripts.compile(
            new Script(
                ScriptType.INLINE, Script.DEFAULT_TEMPLATE_LANG, template,
                Map.of(Script.CONTENT_TYPE_OPTION, mediaType), Map.of()),
            TemplateScript.CONTEXT);
        return document -> document.renderTemplate(compiled);
    }
}
