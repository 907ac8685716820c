package aoai.engine;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;

/**
 * Runs one engine node until standard input ends.
 *
 * <p>Arguments are settings, {@code key=value}; {@code path.home} is the only required one. When the node answers,
 * one line {@code READY <http port>} is written to standard output; everything else goes to standard error. The
 * parent holds the other end of standard input, so the process ends with its parent however that one ends.
 */
public final class EngineMain {
    private EngineMain() {}

    /** Starts the node, says so, and waits for the parent; exit code 1 when the node cannot start. */
    public static void main(String[] arguments) {
        PrintStream answers = System.out;
        System.setOut(System.err);
        try {
            answers.println("READY " + start(arguments));
            answers.flush();
            waitForParent();
            System.exit(0);
        } catch (Exception failure) {
            failure.printStackTrace();
            // Last, so that whoever reads the end of the log reads the reason and not a stack.
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                System.err.println("The engine cannot start: " + cause);
            }
            System.exit(1);
        }
    }

    private static int start(String[] arguments) throws Exception {
        EngineNode node = new EngineNode(environment(arguments), EnginePlugins.all());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "engine-close"));
        node.start();
        replicateNothing(node);
        return node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort();
    }

    private static Environment environment(String[] arguments) throws IOException {
        Settings.Builder settings = EngineDefaults.settings();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        Path configuration = Path.of(settings.get("path.home")).resolve("config");
        Files.createDirectories(configuration);
        return InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), configuration, () -> "engine");
    }

    /** One node cannot hold a copy: with the default of one replica no index would ever be green. */
    private static void replicateNothing(EngineNode node) {
        node.client().admin().cluster().prepareUpdateSettings()
            .setPersistentSettings(Settings.builder().put("cluster.default_number_of_replicas", 0))
            .get();
    }

    private static void waitForParent() throws IOException {
        while (System.in.read() >= 0) {
            // whatever the parent might write means nothing; only the end of the stream does
        }
    }

    private static void close(EngineNode node) {
        try {
            node.close();
        } catch (IOException failure) {
            System.err.println("The node did not close cleanly: " + failure);
        }
    }
}
