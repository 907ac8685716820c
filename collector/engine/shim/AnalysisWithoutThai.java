package aoai.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.Analyzer;
import org.opensearch.analysis.common.CommonAnalysisModulePlugin;
import org.opensearch.index.analysis.AnalyzerProvider;
import org.opensearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.opensearch.index.analysis.TokenizerFactory;
import org.opensearch.indices.analysis.AnalysisModule.AnalysisProvider;

/**
 * The common analyzers but the Thai ones.
 *
 * <p>The trimmed Java runtime has no Thai word breaking, and with the analyzer present no index can be created on it.
 */
public final class AnalysisWithoutThai extends CommonAnalysisModulePlugin {
    private static final String THAI = "thai";

    @Override
    public List<PreBuiltAnalyzerProviderFactory> getPreBuiltAnalyzerProviderFactories() {
        List<PreBuiltAnalyzerProviderFactory> kept = new ArrayList<>(super.getPreBuiltAnalyzerProviderFactories());
        kept.removeIf(factory -> factory.getName().equals(THAI));
        return kept;
    }

    @Override
    public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
        return withoutThai(super.getAnalyzers());
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return withoutThai(super.getTokenizers());
    }

    private static <T> Map<String, T> withoutThai(Map<String, T> all) {
        Map<String, T> kept = new HashMap<>(all);
        kept.remove(THAI);
        return kept;
    }
}
