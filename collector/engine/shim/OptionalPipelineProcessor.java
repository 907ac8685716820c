package aoai.engine;

import java.util.function.BiConsumer;
import org.opensearch.ingest.AbstractProcessor;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.IngestService;
import org.opensearch.ingest.Processor;
import org.opensearch.script.TemplateScript;

/** Calls a pipeline if there is one of that name when a document comes, and leaves the document as it is otherwise. */
final class OptionalPipelineProcessor extends AbstractProcessor {
    private final Processor call;
    private final TemplateScript.Factory name;
    private final IngestService pipelines;

    OptionalPipelineProcessor(
        String tag, String description, Processor call, TemplateScript.Factory name, IngestService pipelines) {
        super(tag, description);
        this.call = call;
        this.name = name;
        this.pipelines = pipelines;
    }

    @Override
    public String getType() {
        return "pipeline";
    }

    @Override
    public void execute(IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
        if (pipelines.getPipeline(document.renderTemplate(name)) == null) {
            handler.accept(document, null);
        } else {
            call.execute(document, handler);
        }
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        throw new UnsupportedOperationException("the engine calls the method with a handler");
    }
}
