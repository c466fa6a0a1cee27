package nightwire.mongojava;

import de.bwaldvogel.mongo.MongoServer;
import java.net.InetSocketAddress;

/**
 * A database for Nightwire's end-to-end tests that speaks MongoDB's protocol and has change streams: mongo-java-server,
 * with a journal of its own (see {@link Journal}) in place of that server's oplog.
 *
 * <p>Usage: {@code java -jar mongo-java.jar PORT FILE [--collections]}. What is written lies in FILE and survives a kill.
 * With {@code --collections} only single collections can be watched. The server runs until it is killed; the first line
 * that it prints is its URI.
 */
public final class Main {
    // A watcher that waits for events occupies the thread of its connection.
    private static final int THREADS = 256;

    private Main() {}

    public static void main(String[] arguments) {
        if (arguments.length < 2) {
            System.err.println("usage: java -jar mongo-java.jar PORT FILE [--collections]");
            System.exit(2);
        }
        boolean collectionsOnly = arguments.length > 2 && arguments[2].equals("--collections");
        MongoServer server = new MongoServer(new Backend(arguments[1], collectionsOnly));
        server.enableOplog();
        server.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 1, THREADS);
        System.out.println(server.getConnectionString());
    }
}
