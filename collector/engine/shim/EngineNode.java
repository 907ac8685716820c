package aoai.engine;

import java.util.Collection;
import org.opensearch.env.Environment;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;

/** A node whose plugins are named by the caller; the base class keeps that constructor for subclasses. */
final class EngineNode extends Node {
    EngineNode(Environment environment, Collection<PluginInfo> plugins) {
        super(environment, plugins, true);
    }
}
